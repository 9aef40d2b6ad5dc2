// Whether a certificate's names stay within what its issuers may issue for (RFC 5280 §4.2.1.10).
import type { NameConstraints, SubjectNames } from "./extensions.ts";

/**
 * Whether all names that can identify an XMPP server lie in the permitted trees and outside the excluded ones. Stricter
 * than the RFC in that SRVName and xmppAddr are held to the trees of dNSName too: else a constrained authority could
 * vouch for anybody by those.
 */
export function namesWithin(names: SubjectNames, constraints: NameConstraints): boolean {
  const domains = [
    ...names.dns,
    ...names.srv.map((name) => name.slice(name.indexOf(".") + 1)),
    ...names.xmpp.map((jid) => jid.slice(jid.indexOf("@") + 1)),
  ];
  return domains.every((domain) => isPermitted(domain.toLowerCase(), constraints));
}

function isPermitted(domain: string, { permitted, excluded }: NameConstraints): boolean {
  const base = domain.startsWith("*.") ? domain.slice(2) : undefined;
  const covers = (tree: string) =>
    within(base ?? domain, tree.toLowerCase()) || (base !== undefined && within(tree.toLowerCase(), base));
  if (excluded.some(covers)) return false;
  return permitted === undefined || permitted.some((tree) => within(base ?? domain, tree.toLowerCase()));
}

/** "" holds everything; ".example.org" only what is below it. */
function within(domain: string, tree: string): boolean {
  if (tree === "") return true;
  if (tree.startsWith(".")) return domain.endsWith(tree);
  return domain === tree || domain.endsWith(`.${tree}`);
}
