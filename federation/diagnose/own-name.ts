// What others will find of us, judged before any of them is asked: our certificate, and our name in DNS.

import { judgeOwnCertificate, type OwnCertificate } from "../tls/index.ts";
import type { FederationContext } from "../way/context.ts";
import type { Report } from "./report.ts";

/** Judges our own domain; resolves with what is known of its certificate, undefined where it has none. */
export async function ownName(
  context: FederationContext,
  from: string,
  report: Report,
): Promise<OwnCertificate | undefined> {
  const pem = context.certificateOf(from);
  const own = pem === undefined ? undefined : judgeOwnCertificate(pem, from, context.anchors, context.clock.now());
  if (own === undefined)
    report.tell("own name", "note", `${from} has no certificate here`, {
      advice: `Give the host ${from} a certificate (hosts[].certificate), or nothing is encrypted.`,
    });
  else if (own.reason !== undefined)
    report.tell("own name", own.useless ? "failed" : "note", `our certificate of ${from}: ${own.reason}`, {
      advice: own.useless
        ? `Renew it (hosts[].certificate), for ${from} itself: no server takes it as proof of ${from}.`
        : "Servers that do not trust its authority either do not take it as proof. Send the intermediates with it (they stand behind it in the same file), or get one by a public authority.",
    });
  await inDns(context, from, report);
  return own;
}

async function inDns(context: FederationContext, from: string, report: Report): Promise<void> {
  const resolution = await context.resolver.resolveDomain(from, "xmpp-server");
  if (resolution.kind === "targets") {
    const places = resolution.targets.map(({ host, port }) => `${host} port ${port}`).join(", ");
    return report.tell("own name", "good", `${from} is found at ${places}`);
  }
  report.tell("own name", "note", `${from} is not found by DNS`, {
    advice: `Other servers cannot find you: publish _xmpp-server._tcp.${from} SRV with the name and port of this node.`,
  });
}
