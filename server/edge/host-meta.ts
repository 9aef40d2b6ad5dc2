// Discovery of alternative connection methods. XEP-0156.
import { escapeAttribute } from "../../xmpp/xml/escape.ts";

const WEBSOCKET_REL = "urn:xmpp:alt-connections:websocket";

/** `/.well-known/host-meta` (XRD). XEP-0156 §3. */
export function hostMetaXml(websocketUrl: string): string {
  return `<?xml version='1.0' encoding='utf-8'?><XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'><Link rel='${WEBSOCKET_REL}' href='${escapeAttribute(websocketUrl)}'/></XRD>`;
}

/** `/.well-known/host-meta.json`. XEP-0156 §3. */
export function hostMetaJson(websocketUrl: string): object {
  return { links: [{ rel: WEBSOCKET_REL, href: websocketUrl }] };
}
