// What the rest of Meridian may use of the server.
export { Accounts } from "./auth/accounts.ts";
export { outsideProvider } from "./auth/sources.ts";
export { blockOf, networkOf } from "./auth/throttle.ts";
export { type Clock, systemClock, type Timer } from "./clock.ts";
export { newRequestId } from "./cluster/answers.ts";
export { nodesThatLive } from "./cluster/open.ts";
export { PinnedRouter } from "./cluster/pinned-router.ts";
export { ADDED, FROM_SERVERS } from "./config/bounds.ts";
export {
  type FederationConfig,
  type ListenerConfig,
  NodeConfig,
  type NodeConfigInput,
  type RemotePolicy,
} from "./config/contract.ts";
export { makeFolder } from "./config/folder.ts";
export { Dialable } from "./config/global-address.ts";
export { ConfigError, check, loadConfig, readConfig, readJson } from "./config/load.ts";
export { parseServerAddress } from "./config/networks.ts";
export { readSecret } from "./config/secret.ts";
export { modulesLeftOut } from "./host/choose-modules.ts";
export type { DeadLetter } from "./host/dead-letters.ts";
export { KeptDepartures, sendDepartures } from "./host/departures.ts";
export { Jid, JidError } from "./jid/jid.ts";
export { factsOf, logFailure } from "./observe/failure.ts";
export { createLog } from "./observe/log.ts";
export { NodeMetrics } from "./observe/metrics.ts";
export { StrangersLog } from "./observe/strangers.ts";
export type { InboundStanzas, RemoteLink, RemoteRouter, ReturnCondition } from "./ports.ts";
export { closeServer, type Listening, MeridianServer, type ServerOptions } from "./server.ts";
export { Content } from "./stanza/content.ts";
export { countOf } from "./stanza/count.ts";
export { errorReply, mayAnswerWithError } from "./stanza/error.ts";
export { domainOfAddress, faultOf, faultReply, isStanzaKind, overBound, type StanzaFault } from "./stanza/fault.ts";
export { Handled, UNOWNED } from "./stanza/handled.ts";
export { follow, type Safety } from "./stanza/safety.ts";
export { Sent } from "./stanza/sent.ts";
export { NoteKey, Stanza, type StanzaKind } from "./stanza/stanza.ts";
export type { StreamError, StreamErrorCondition } from "./stream/error.ts";
export type { HeaderOut } from "./stream/header.ts";
export { expectProxyHeaders } from "./stream/proxy-protocol.ts";
export { declaresContent, languageOf } from "./stream/received-header.ts";
export { type Limits, type StreamEnd, type StreamHandler, XmppStream } from "./stream/stream.ts";
export { TcpTransport } from "./stream/tcp.ts";
export type { Transport } from "./stream/transport.ts";
export { readAuthorities, readCertificates, readEachCertificates } from "./tls/authorities.ts";
export { checkCertificates, hostsNobodyLogsInTo } from "./tls/check-certificates.ts";
export { TlsContexts } from "./tls/contexts.ts";
export { certificatesOf } from "./tls/pem.ts";
export { escapeAttribute, escapeText } from "./xml/escape.ts";
export { stanzaLimits } from "./xml/limits.ts";
export * from "./xml/namespaces.ts";
export type { RawElement } from "./xml/raw-element.ts";
export { DEFAULT_XML_LIMITS, type StreamHeader } from "./xml/tokenizer.ts";
export { unshared } from "./xml/unshared.ts";
