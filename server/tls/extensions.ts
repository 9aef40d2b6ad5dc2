// The extensions of a certificate, for those that Node does not show. RFC 5280 §4.2.
import { derChildren, derElements } from "./der.ts";

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const OCTET_STRING = 0x04;
/** `extensions` of TBSCertificate. */
const EXTENSIONS = 0xa3;

/** Object identifiers by the DER of their content in hex. */
export const OID = {
  keyUsage: "551d0f",
  alternativeNames: "551d11",
  basicConstraints: "551d13",
  extendedKeyUsage: "551d25",
} as const;

/** One extension. */
export interface Extension {
  /** DER content of the object identifier in hex. */
  readonly oid: string;
  readonly critical: boolean;
  /** DER of the value. */
  readonly value: Buffer;
}

/** All extensions of a certificate; empty where it has none or is no certificate. */
export function extensions(der: Buffer): Extension[] {
  const [certificate] = derElements(der) ?? [];
  const fields = derChildren(derChildren(certificate, SEQUENCE)[0], SEQUENCE);
  const [all] = derChildren(
    fields.find((field) => field.tag === EXTENSIONS),
    EXTENSIONS,
  );
  return derChildren(all, SEQUENCE).flatMap((one) => {
    const parts = derChildren(one, SEQUENCE);
    const oid = parts.find(({ tag }) => tag === OBJECT_IDENTIFIER)?.content.toString("hex");
    const value = parts.find(({ tag }) => tag === OCTET_STRING)?.content;
    const critical = parts.some(({ tag, content }) => tag === BOOLEAN && content[0] !== 0);
    return oid === undefined || value === undefined ? [] : [{ oid, critical, value }];
  });
}

/** Intermediates that an authority allows below it; undefined: any number. RFC 5280 §4.2.1.9. */
export function pathLength(all: readonly Extension[]): number | undefined {
  const constraints = all.find(({ oid }) => oid === OID.basicConstraints);
  const [sequence] = constraints === undefined ? [] : (derElements(constraints.value) ?? []);
  const length = derChildren(sequence, SEQUENCE).find(({ tag }) => tag === INTEGER);
  if (length === undefined) return undefined;
  return length.content.length === 1 ? length.content[0] : 0;
}
