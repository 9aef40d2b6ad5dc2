// The JIDs a certificate names: id-on-xmppAddr in its alternative names. RFC 6120 §13.7.1.4.
import { type DerElement, derChildren, derElements } from "./der.ts";
import { extensions, OID } from "./extensions.ts";

const SEQUENCE = 0x30;
const UTF8_STRING = 0x0c;
/** id-on-xmppAddr, 1.3.6.1.5.5.7.8.5. */
const OID_XMPP_ADDRESS = "2b06010505070805";
/** Context tags: otherName of GeneralName, and its explicit value. */
const OTHER_NAME = 0xa0;
const EXPLICIT_VALUE = 0xa0;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Texts of all xmppAddr of a certificate, unprepared. Node's own `subjectAltName` garbles those beyond ASCII. */
export function xmppAddresses(der: Buffer): string[] {
  const extension = extensions(der).find(({ oid }) => oid === OID.alternativeNames);
  const [names] = extension === undefined ? [] : (derElements(extension.value) ?? []);
  return derChildren(names, SEQUENCE).flatMap(xmppAddress);
}

/** OtherName ::= SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT UTF8String } */
function xmppAddress(name: DerElement): string[] {
  const [type, value] = derChildren(name, OTHER_NAME);
  const [text] = derChildren(value, EXPLICIT_VALUE);
  if (type?.content.toString("hex") !== OID_XMPP_ADDRESS || text?.tag !== UTF8_STRING) return [];
  try {
    return [utf8.decode(text.content)];
  } catch {
    return [];
  }
}
