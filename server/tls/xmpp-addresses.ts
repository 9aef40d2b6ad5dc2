// The JIDs a certificate names: id-on-xmppAddr in its alternative names. RFC 6120 §13.7.1.4.
import { type DerElement, derChildren, derElements } from "./der.ts";

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
const OCTET_STRING = 0x04;
const UTF8_STRING = 0x0c;
/** id-ce-subjectAltName, 2.5.29.17. */
const OID_ALTERNATIVE_NAMES = "551d11";
/** id-on-xmppAddr, 1.3.6.1.5.5.7.8.5. */
const OID_XMPP_ADDRESS = "2b06010505070805";
/** Context tags: extensions of TBSCertificate, otherName of GeneralName, its explicit value. */
const EXTENSIONS = 0xa3;
const OTHER_NAME = 0xa0;
const EXPLICIT_VALUE = 0xa0;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Texts of all xmppAddr of a certificate, unprepared. Node's own `subjectAltName` garbles those beyond ASCII. */
export function xmppAddresses(der: Buffer): string[] {
  const [certificate] = derElements(der) ?? [];
  const fields = derChildren(derChildren(certificate, SEQUENCE)[0], SEQUENCE);
  const [extensions] = derChildren(
    fields.find((field) => field.tag === EXTENSIONS),
    EXTENSIONS,
  );
  const found = derChildren(extensions, SEQUENCE).find(
    (extension) => oid(derChildren(extension, SEQUENCE)[0]) === OID_ALTERNATIVE_NAMES,
  );
  const value = derChildren(found, SEQUENCE).find((part) => part.tag === OCTET_STRING);
  const [names] = value === undefined ? [] : (derElements(value.content) ?? []);
  return derChildren(names, SEQUENCE).flatMap(xmppAddress);
}

/** OtherName ::= SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT UTF8String } */
function xmppAddress(name: DerElement): string[] {
  const [type, value] = derChildren(name, OTHER_NAME);
  const [text] = derChildren(value, EXPLICIT_VALUE);
  if (oid(type) !== OID_XMPP_ADDRESS || text?.tag !== UTF8_STRING) return [];
  try {
    return [utf8.decode(text.content)];
  } catch {
    return [];
  }
}

function oid(element: DerElement | undefined): string | undefined {
  return element?.tag === OBJECT_IDENTIFIER ? element.content.toString("hex") : undefined;
}
