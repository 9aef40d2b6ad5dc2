// Wire traces: for accounts an operator names, and for as long as he says, stanzas go to the log. Never what is secret.
import { clone, Element } from "ltx";
import type { Clock } from "../../xmpp/clock.ts";
import { NS_DIALBACK, NS_SASL } from "../../xmpp/xml/namespaces.ts";

/** Accounts under trace at one time. */
const LIMIT = 100;

/** Stands in place of what is secret. */
const WITHHELD = "withheld";

/** Namespaces of which nothing is shown but names: SASL, SASL2 (XEP-0388), FAST (XEP-0484), dialback. */
const SECRET_NAMESPACES: ReadonlySet<string> = new Set([NS_SASL, "urn:xmpp:sasl:2", "urn:xmpp:fast:0", NS_DIALBACK]);

/** Elements that hold a secret in whatever namespace: XEP-0077, 0078, 0045 and 0048, 0114, 0215. */
const SECRET_NAMES = /^(?:password|digest|handshake|secret|token)$/i;

/** Attributes that are one: of XEP-0215, 0249, 0379, 0484. */
const SECRET_ATTRIBUTES = /^(?:[^:]*:)?(?:password|secret|token|preauth)$/i;

/** Fields of forms (XEP-0004) whose values are: of XEP-0133, 0045, 0357. */
const SECRET_FIELDS = /password|secret|token/i;

/** Where whoever holds the address may write: XEP-0363. */
const NS_UPLOAD = "urn:xmpp:http:upload:0";

/** An element's text as it may be logged: secrets are found by namespace and name, whatever their prefix. */
export function withoutSecrets(element: Element): string {
  const copy = clone(element);
  conceal(copy);
  return copy.toString();
}

/** Within elements of a secret namespace everything is secret, attributes as well. */
function conceal(element: Element, within = false): void {
  const secret = within || SECRET_NAMESPACES.has(element.getNS() ?? "");
  const uploads = element.getNS() === NS_UPLOAD && element.getName() === "put";
  for (const name of Object.keys(element.attrs)) {
    const declares = name === "xmlns" || name.startsWith("xmlns:");
    if (declares) continue;
    if (secret || SECRET_ATTRIBUTES.test(name) || (uploads && name === "url")) element.attrs[name] = WITHHELD;
  }
  if (holdsSecret(element) && element.children.length > 0) {
    element.children = [WITHHELD];
    return;
  }
  element.children = element.children.map((child) => (secret && !(child instanceof Element) ? WITHHELD : child));
  for (const child of element.getChildElements()) conceal(child, secret);
}

function holdsSecret(element: Element): boolean {
  const name = element.getName();
  if (SECRET_NAMES.test(name)) return true;
  if (name === "field") return element.attrs.type === "text-private" || SECRET_FIELDS.test(element.attrs.var ?? "");
  return name === "header" && element.getNS() === NS_UPLOAD;
}

/** The accounts whose stanzas are logged. Off for everybody unless switched on. */
export class Trace {
  private readonly clock: Clock;
  private readonly until = new Map<string, number>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Traces an account (bare JID) for `seconds`; 0 ends it. False where too many are traced. */
  set(account: string, seconds: number): boolean {
    this.until.delete(account);
    if (seconds <= 0) return true;
    if (this.until.size >= LIMIT) return false;
    this.until.set(account, this.clock.now() + seconds * 1000);
    return true;
  }

  /** True where nobody is traced: the one check the hot path makes. */
  get idle(): boolean {
    return this.until.size === 0;
  }

  /** True where the account is traced now. */
  has(account: string): boolean {
    const until = this.until.get(account);
    if (until === undefined) return false;
    if (until > this.clock.now()) return true;
    this.until.delete(account);
    return false;
  }
}
