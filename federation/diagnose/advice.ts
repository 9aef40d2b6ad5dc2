// What an operator can do about a step that failed: plain words for each thing that goes wrong between servers.

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
    /./,
    () =>
      "The TLS handshake failed. Meridian speaks TLS 1.2 and 1.3 with forward secrecy; their server may be too old, or its certificate and key do not fit.",
  ],
  [
    "certificate",
    /expired/,
    ({ to }) =>
      `The operator of ${to} must renew the certificate. Until then dialback is used where your policy allows it.`,
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
  [
    "authentication",
    /EXTERNAL/,
    ({ from }) =>
      `Their server does not accept your certificate of ${from}. Check that it names ${from}, has not expired, and that the file holds the intermediates as well; see "certificate" of: openssl s_client -connect YOUR-HOST:5269 -starttls xmpp-server -xmpphost ${from}`,
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
    () =>
      "Their server wants TLS and a certificate by a public authority. Get one, or ask its operator to allow dialback.",
  ],
  [
    "authentication",
    /neither SASL EXTERNAL nor dialback|do not allow dialback/,
    ({ to }) =>
      `Your certificate is not accepted there, and dialback is either not offered or forbidden by your own policy for ${to}.`,
  ],
  ["authentication", /./, ({ to }) => `Tell the operator of ${to} the text above, with the time of the test.`],
];

/** The two domains. */
export interface Names {
  readonly from: string;
  readonly to: string;
}

/** What to do about a failed step. */
export function adviceFor(step: StepName, reason: string, names: Names): string | undefined {
  return ADVICE.find(([name, pattern]) => name === step && pattern.test(reason))?.[2](names);
}
