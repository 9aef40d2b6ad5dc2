// XML namespace names, one constant each.

/** Default namespace of client streams. RFC 6120 §4.8.3. */
export const NS_CLIENT = "jabber:client";
/** Default namespace of server streams. RFC 6120 §4.8.3. */
export const NS_SERVER = "jabber:server";
/** Default namespace of components' streams. XEP-0114 §3. */
export const NS_COMPONENT = "jabber:component:accept";
/** Namespace of the stream element itself. RFC 6120 §4.8.1. */
export const NS_STREAM = "http://etherx.jabber.org/streams";
/** Stream error conditions. RFC 6120 §4.9. */
export const NS_STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams";
/** Stanza error conditions. RFC 6120 §8.3. */
export const NS_STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas";
export const NS_TLS = "urn:ietf:params:xml:ns:xmpp-tls";
export const NS_SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
export const NS_BIND = "urn:ietf:params:xml:ns:xmpp-bind";
/** RFC 3921 session establishment, a no-op since RFC 6121. */
export const NS_SESSION = "urn:ietf:params:xml:ns:xmpp-session";
/** WebSocket framing. RFC 7395 §3.3. */
export const NS_FRAMING = "urn:ietf:params:xml:ns:xmpp-framing";
export const NS_ROSTER = "jabber:iq:roster";
/** Roster versioning stream feature. RFC 6121 §2.6. */
export const NS_ROSTER_VERSIONING = "urn:xmpp:features:rosterver";
/** Subscription pre-approval stream feature. RFC 6121 §3.4. */
export const NS_PRE_APPROVAL = "urn:xmpp:features:pre-approval";
/** XEP-0030. */
export const NS_DISCO_INFO = "http://jabber.org/protocol/disco#info";
/** XEP-0030. */
export const NS_DISCO_ITEMS = "http://jabber.org/protocol/disco#items";
/** XEP-0199. */
export const NS_PING = "urn:xmpp:ping";
/** XEP-0092. */
export const NS_VERSION = "jabber:iq:version";
/** XEP-0203. */
export const NS_DELAY = "urn:xmpp:delay";
/** XEP-0220 element namespace. */
export const NS_DIALBACK = "jabber:server:dialback";
/** XEP-0220 stream feature. */
export const NS_DIALBACK_FEATURE = "urn:xmpp:features:dialback";
/** XEP-0440 channel-binding types. */
export const NS_SASL_CHANNEL_BINDING = "urn:xmpp:sasl-cb:0";
/** The xml: prefix. */
export const NS_XML = "http://www.w3.org/XML/1998/namespace";
/** Stream management. XEP-0198. */
export const NS_SM = "urn:xmpp:sm:3";
/** Extensible SASL profile. XEP-0388. */
export const NS_SASL2 = "urn:xmpp:sasl:2";

/** True for a namespace that stands for the stream's own content, each in its kind of stream. RFC 6120 §4.8.2. */
export function isContentNamespace(namespace: string): boolean {
  return namespace === NS_CLIENT || namespace === NS_SERVER || namespace === NS_COMPONENT;
}
