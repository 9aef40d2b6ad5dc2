// What an operator can do about a step that failed: plain words for each thing that goes wrong between servers.

import type { Answering } from "./probe.ts";

/** Steps of a test, in their order. */
export type StepName =
  | "own name"
  | "policy"
  | "resolution"
  | "connection"
  | "stream"
  | "encryption"
  | "certificate"
  | "authentication";

const OLD_TLS = /protocol version|unsupported protocol|version too low|wrong ssl version/i;
/** The connection was there and is gone. */
const CUT = /ECONNRESET|EPIPE|connection broke|connection was closed|socket hang up|peer closed the stream/i;
const CUT_ADVICE =
  "The connection is cut without a word: a firewall in between, a load balancer whose servers are down, or their server does not want your address. Try from another network, and ask its operator.";

/** Whose problem it may be, and what to do. The first row whose pattern the reason matches. */
const ADVICE: readonly (readonly [StepName, RegExp, (names: Names) => string])[] = [
  [
    "policy",
    /./,
    ({ to }) =>
      `Your own configuration refuses ${to}. Change federation.policies and send the node SIGHUP to let it in.`,
  ],
  [
    "resolution",
    /says that it has no XMPP server/,
    ({ to }) =>
      `The operator of ${to} has published that there is no XMPP server (SRV target "."). Nothing can be done here.`,
  ],
  [
    "resolution",
    /DNS gave no answer/,
    ({ to }) =>
      `Your name servers gave no answer. Ask one yourself: dig SRV _xmpp-server._tcp.${to}. If that works, look at federation.dnsServers; if it says SERVFAIL, their zone or its DNSSEC signatures are broken.`,
  ],
  [
    "resolution",
    /./,
    ({ to }) =>
      `There is no such name in DNS. Check the spelling. If ${to} is a real domain, its operator must publish _xmpp-server._tcp.${to} SRV (or an A or AAAA record, with the server on port 5269).`,
  ],
  [
    "connection",
    OLD_TLS,
    ({ to }) =>
      `Their server speaks only TLS versions older than 1.2, which nobody should speak any more (RFC 8996). The operator of ${to} must upgrade it.`,
  ],
  [
    "connection",
    /ECONNREFUSED/,
    ({ to }) =>
      `The machine is there and nothing listens on that port: their server is down, or their SRV record names the wrong port. Tell the operator of ${to}.`,
  ],
  [
    "connection",
    /ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL/,
    () =>
      "There is no route to that address. If only IPv6 addresses fail, this machine has no IPv6 and the others are tried by themselves.",
  ],
  [
    "connection",
    /ETIMEDOUT|gave up|given up/,
    () =>
      "Packets vanish: a firewall on their side, or on yours. Many providers block outgoing TCP to 5269 by default; try from another network: nc -vz HOST PORT.",
  ],
  [
    "connection",
    /direct TLS needs a certificate/,
    ({ from }) => `Give the host ${from} a certificate (hosts[].certificate): their server takes direct TLS only.`,
  ],
  ["connection", CUT, () => CUT_ADVICE],
  [
    "connection",
    /alert|SSL|TLS|handshake|disconnected before secure/i,
    () =>
      "The TLS handshake failed. Their server may offer only versions older than TLS 1.2, may not know the name it was asked for, or their SRV record _xmpps-server points to a port without direct TLS.",
  ],
  [
    "connection",
    /has no address/,
    ({ to }) => `An SRV record of ${to} names a host that has neither A nor AAAA record. Its operator must add one.`,
  ],
  [
    "stream",
    /host-unknown|host-gone/,
    ({ to }) =>
      `The server that DNS leads to does not serve ${to}. Its operator must add the domain there, or correct the SRV record.`,
  ],
  [
    "stream",
    /policy-violation|not-authorized|invalid-from/,
    ({ from }) =>
      `Their server refuses ${from}, perhaps by a block list. Ask its operator, and tell them the text above.`,
  ],
  [
    "stream",
    /resource-constraint/,
    () => "Their server has too many connections. It may work later; the node tries again by itself.",
  ],
  ["stream", CUT, () => CUT_ADVICE],
  [
    "stream",
    /gave up|given up/,
    () =>
      "It takes the connection and says nothing: it may not be an XMPP server, may want direct TLS on that port (then the SRV record belongs under _xmpps-server), or a load balancer answers for a server that is down.",
  ],
  [
    "stream",
    /./,
    () => "What answers there does not speak XMPP between servers. Check that the SRV record names the S2S port.",
  ],
  [
    "encryption",
    /there is no TLS/,
    ({ from, to }) =>
      `Either ${from} has no certificate here, or ${to} offers no TLS. To talk in clear, set requireEncryption to false in a policy for ${to}; better, have its operator switch TLS on.`,
  ],
  [
    "encryption",
    OLD_TLS,
    ({ to }) =>
      `Their server speaks only TLS versions older than 1.2, which nobody should speak any more (RFC 8996). The operator of ${to} must upgrade it.`,
  ],
  [
    "encryption",
    /gave up|given up/,
    () =>
      "It agreed to TLS and said nothing more: their server is overloaded, or something in between drops the handshake.",
  ],
  [
    "encryption",
    /./,
    () =>
      "The TLS handshake failed. Meridian speaks TLS 1.2 and 1.3 with forward secrecy; their server may be too old, or its certificate and key do not fit.",
  ],
  [
    "certificate",
    /expired/,
    ({ to, dialback }) =>
      `The operator of ${to} must renew the certificate.${dialback ? " Until then its domain is proven by dialback." : ""}`,
  ],
  [
    "certificate",
    /self-signed|not trusted here|neither trusted/,
    ({ to }) =>
      `The certificate is by an authority this node does not trust. If it is ${to}'s own, add it to federation.trustedAuthorities; if intermediates are missing, its operator must send the whole chain.`,
  ],
  [
    "certificate",
    /is for|names no domain/,
    ({ to }) =>
      `The certificate does not name ${to}. Its operator needs one with the domain itself (not the host) as DNS name.`,
  ],
  [
    "certificate",
    /TLSA/,
    ({ to }) => `The TLSA records of ${to} do not fit its certificate: its operator must renew them.`,
  ],
  ["certificate", /./, ({ to }) => `Tell the operator of ${to} the text above.`],
  ["authentication", /offers neither/, () => "Your certificate is not accepted there, and no other way is offered."],
  [
    "authentication",
    /EXTERNAL/,
    ({ from, serverOnly, dialback }) =>
      serverOnly
        ? `Your certificate of ${from} is for servers alone (serverAuth, no clientAuth purpose), as public authorities issue them since 2026. Their server seems to ask for clientAuth: its operator should update it, or accept such certificates between servers.${dialback ? " Until then dialback proves you." : ""}`
        : `Their server does not accept your certificate of ${from}. Check that it names ${from}, has not expired, is by an authority they trust, and that the file holds the intermediates as well; see "certificate" of: openssl s_client -connect YOUR-HOST:5269 -starttls xmpp-server -xmpphost ${from}`,
  ],
  [
    "authentication",
    /not ours/,
    () =>
      "Their server asked one of yours, which did not know the key. Every node and region that DNS lists for your domain needs the same federation.dialbackSecret.",
  ],
  [
    "authentication",
    /remote-server-not-found|remote-connection-failed|remote-server-timeout|did not answer|gave up|given up/,
    ({ from }) =>
      `Their server could not reach yours to verify you. Check that _xmpp-server._tcp.${from} SRV leads to your S2S port, and that the port is open from outside.`,
  ],
  [
    "authentication",
    /policy-violation|not-authorized/,
    ({ dialback }) =>
      `Their server wants TLS and a certificate by a public authority. Get one${dialback ? ", or ask its operator to allow dialback" : ""}.`,
  ],
  ["authentication", /./, ({ to }) => `Tell the operator of ${to} the text above, with the time of the test.`],
];

/** The two domains, and what bears upon advice about them. */
export interface Names {
  readonly from: string;
  readonly to: string;
  /** Our policy for them lets dialback prove a domain. */
  readonly dialback: boolean;
  /** Our certificate has no clientAuth purpose. */
  readonly serverOnly: boolean;
}

/** What to do about a failed step. */
export function adviceFor(step: StepName, reason: string, names: Names): string | undefined {
  return ADVICE.find(([name, pattern]) => name === step && pattern.test(reason))?.[2](names);
}

/** What to do where no stream came about, by how DNS says that a server is to be spoken to and what answers there. */
export const ANSWERING: Readonly<
  Record<"starttls" | "direct", Partial<Record<Answering, (names: Pick<Names, "from" | "to">) => string>>>
> = {
  starttls: {
    "direct TLS": ({ to }) =>
      `That port speaks TLS from the first octet (direct TLS). The operator of ${to} must publish it as _xmpps-server._tcp.${to}, or _xmpp-server._tcp.${to} must name the port with STARTTLS.`,
    "old TLS": ({ to }) =>
      `That port speaks TLS from the first octet, and only of versions older than 1.2 (RFC 8996). The operator of ${to} must upgrade it.`,
    HTTP: ({ to }) => `A web server answers there. The operator of ${to} must correct the SRV record or its port.`,
    "another protocol": ({ to }) =>
      `What answers there speaks neither XMPP nor TLS. The operator of ${to} must correct the SRV record or its port.`,
    reset: () => CUT_ADVICE,
    xmpp: () =>
      "It does speak XMPP, and took too long or broke off. It may work later; the node tries again by itself.",
  },
  direct: {
    xmpp: ({ to }) =>
      `That port speaks XMPP in clear first (STARTTLS) and no direct TLS. The operator of ${to} must publish it as _xmpp-server._tcp.${to}, or _xmpps-server._tcp.${to} must name the port with direct TLS.`,
    "old TLS": ({ to }) =>
      `Their server speaks only TLS versions older than 1.2, which nobody should speak any more (RFC 8996). The operator of ${to} must upgrade it.`,
    HTTP: ({ to }) =>
      `A web server without TLS answers there. The operator of ${to} must correct the SRV record or its port.`,
    "another protocol": ({ to }) =>
      `What answers there speaks neither XMPP nor TLS. The operator of ${to} must correct the SRV record or its port.`,
    "direct TLS": ({ to }) =>
      `TLS is spoken there and no XMPP behind it: it may be a web server, or a load balancer that does not know ${to} (SNI, ALPN xmpp-server).`,
    reset: () => CUT_ADVICE,
  },
};
