// The extensions of a certificate that decide about trust and identity, read from its DER (RFC 5280 §4.2).
import type { X509Certificate } from "node:crypto";
import { children, type Der, DerError, expectTag, oidOf, readDer, TAG } from "./der.ts";

/** Names a certificate is issued to, of the kinds that XMPP knows (RFC 6120 §13.7.1.2). As written, not yet compared. */
export interface SubjectNames {
  readonly dns: readonly string[];
  /** `_service.domain`, RFC 4985. */
  readonly srv: readonly string[];
  /** JIDs, RFC 6120 §13.7.1.4. */
  readonly xmpp: readonly string[];
}

/** dNSName subtrees of a name constraint; "" is every name. */
export interface NameConstraints {
  readonly permitted: readonly string[] | undefined;
  readonly excluded: readonly string[];
}

/** What the extensions say. */
export interface Extensions {
  readonly ca: boolean;
  /** Intermediate certificates allowed below this one; undefined means any number. */
  readonly pathLength: number | undefined;
  /** Bits of KeyUsage, the first one highest (0x80 digitalSignature … 0x04 keyCertSign); undefined when absent. */
  readonly keyUsage: number | undefined;
  /** Purposes as object identifiers; undefined when the extension is absent. */
  readonly purposes: readonly string[] | undefined;
  readonly names: SubjectNames;
  readonly constraints: NameConstraints | undefined;
  /** Critical extensions nobody here understands: the certificate must be refused (RFC 5280 §4.2). */
  readonly unknownCritical: readonly string[];
  readonly signatureAlgorithm: string;
}

const OID = {
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  keyUsage: "2.5.29.15",
  nameConstraints: "2.5.29.30",
  certificatePolicies: "2.5.29.32",
  extendedKeyUsage: "2.5.29.37",
  xmppAddr: "1.3.6.1.5.5.7.8.5",
  dnsSrv: "1.3.6.1.5.5.7.8.7",
} as const;

/** Names in one certificate that are looked at. */
const MAX_NAMES = 1000;

/** Reads a certificate's extensions. Throws `DerError` when they are malformed or one stands there twice. */
export function readExtensions(certificate: Pick<X509Certificate, "raw">): Extensions {
  const [body, algorithm] = children(expectTag(readDer(certificate.raw), TAG.sequence));
  const fields = children(expectTag(body, TAG.sequence));
  const wrapper = fields.find((field) => field.tag === TAG.constructed(3));
  const found = new Map<string, { critical: boolean; value: Der }>();
  const list = wrapper ? children(expectTag(children(wrapper)[0], TAG.sequence)) : [];
  for (const entry of list) {
    const parts = children(expectTag(entry, TAG.sequence));
    const oid = oidOf(parts[0]);
    if (found.has(oid)) throw new DerError("an extension stands there twice");
    const critical = parts[1]?.tag === TAG.boolean && parts[1].value[0] !== 0;
    found.set(oid, { critical, value: expectTag(parts.at(-1), TAG.octetString) });
  }
  return interpret(found, oidOf(children(expectTag(algorithm, TAG.sequence))[0]));
}

type Found = ReadonlyMap<string, { readonly critical: boolean; readonly value: Der }>;

function interpret(found: Found, signatureAlgorithm: string): Extensions {
  const inner = (oid: string) => {
    const extension = found.get(oid);
    return extension && readDer(extension.value.value);
  };
  const known = new Set<string>(Object.values(OID));
  const unknownCritical = [...found].filter(([oid, { critical }]) => critical && !known.has(oid)).map(([oid]) => oid);
  const constraints = readNameConstraints(inner(OID.nameConstraints));
  if (constraints?.unsupported) unknownCritical.push(OID.nameConstraints);
  return {
    ...readBasicConstraints(inner(OID.basicConstraints)),
    keyUsage: readKeyUsage(inner(OID.keyUsage)),
    purposes: readPurposes(inner(OID.extendedKeyUsage)),
    names: readNames(inner(OID.subjectAltName)),
    constraints,
    unknownCritical,
    signatureAlgorithm,
  };
}

function readBasicConstraints(element: Der | undefined): { ca: boolean; pathLength: number | undefined } {
  if (!element) return { ca: false, pathLength: undefined };
  const [ca, length] = children(expectTag(element, TAG.sequence));
  const isCa = ca?.tag === TAG.boolean && ca.value[0] !== 0;
  if (!length) return { ca: isCa, pathLength: undefined };
  const { value } = expectTag(length, TAG.integer);
  if (value.length !== 1 || (value[0] ?? 0) > 127) throw new DerError("a path length that is none");
  return { ca: isCa, pathLength: value[0] };
}

function readKeyUsage(element: Der | undefined): number | undefined {
  return element && (expectTag(element, TAG.bitString).value[1] ?? 0);
}

function readPurposes(element: Der | undefined): string[] | undefined {
  return element && children(expectTag(element, TAG.sequence)).map(oidOf);
}

function readNames(element: Der | undefined): SubjectNames {
  const names = { dns: [] as string[], srv: [] as string[], xmpp: [] as string[] };
  if (!element) return names;
  const list = children(expectTag(element, TAG.sequence));
  if (list.length > MAX_NAMES) throw new DerError("too many names");
  for (const name of list) {
    if (name.tag === TAG.context(2)) names.dns.push(name.value.toString("latin1"));
    if (name.tag === TAG.constructed(0)) readOtherName(name, names);
  }
  return names;
}

function readOtherName(name: Der, names: { srv: string[]; xmpp: string[] }): void {
  const [type, wrapped] = children(name);
  const oid = oidOf(type);
  if (oid !== OID.xmppAddr && oid !== OID.dnsSrv) return;
  const value = children(expectTag(wrapped, TAG.constructed(0)))[0];
  if (oid === OID.xmppAddr && value?.tag === TAG.utf8String) names.xmpp.push(value.value.toString("utf8"));
  // SRVName is an IA5String (RFC 4985 §2).
  if (oid === OID.dnsSrv && value?.tag === 0x16) names.srv.push(value.value.toString("latin1"));
}

function readNameConstraints(element: Der | undefined): (NameConstraints & { unsupported: boolean }) | undefined {
  if (!element) return undefined;
  let permitted: string[] | undefined;
  const excluded: string[] = [];
  let unsupported = false;
  for (const group of children(expectTag(element, TAG.sequence))) {
    for (const subtree of children(group)) {
      const [base] = children(subtree);
      // Of the kinds of names only dNSName says who an XMPP server is. Constraints on addresses, e-mail and URIs touch
      // nothing we look at; those on otherNames and directory names we cannot judge, so the chain is refused.
      if (base?.tag === TAG.context(2)) {
        const tree = base.value.toString("latin1");
        if (group.tag === TAG.constructed(0)) permitted = [...(permitted ?? []), tree];
        else excluded.push(tree);
      } else if (base === undefined || ![TAG.context(1), TAG.context(6), TAG.context(7)].includes(base.tag)) {
        unsupported = true;
      }
    }
  }
  return { permitted, excluded, unsupported };
}
