// How the local world's own client reaches a server: WebSocket, or TCP with STARTTLS.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Element, parse } from "ltx";
import { WebSocket } from "ws";

/** A connection that carries elements. */
export interface ClientTransport {
  /** Opens a stream, the first or a restarted one. */
  open(domain: string): void;
  send(text: string): void;
  /** Called with each element; a stream's header or `<open/>` is none. */
  onElement: (element: Element) => void;
  /** Called once when the connection is gone. */
  onClose: (reason: string) => void;
  /** The port of our end; undefined where it is not told. */
  readonly localPort: number | undefined;
  /** Goes on over TLS after `<proceed/>`; undefined where the connection needs none. Default authorities: Node's own. */
  readonly secure: ((domain: string, authority: string | undefined) => Promise<void>) | undefined;
  close(): void;
  /** Breaks the connection without a word, as a lost network does. */
  drop(): void;
}

const CONNECT_MS = 10_000;
const nothing = () => undefined;

/** RFC 7395. @throws Error where it cannot connect */
export async function overWebSocket(url: string): Promise<ClientTransport> {
  const socket = new WebSocket(url, "xmpp", { handshakeTimeout: CONNECT_MS, perMessageDeflate: false });
  const transport: ClientTransport = {
    open: (domain) =>
      socket.send(`<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="${domain}" version="1.0"/>`, nothing),
    send: (text) => socket.send(text, nothing),
    onElement: nothing,
    onClose: nothing,
    localPort: undefined,
    secure: undefined,
    close() {
      socket.send('<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>', nothing);
      socket.close();
    },
    drop: () => socket.terminate(),
  };
  socket.on("message", (bytes: Buffer) => {
    const element = parse(bytes.toString("utf8"));
    if (!element.is("open") && !element.is("close")) transport.onElement(element);
  });
  socket.on("error", (error) => transport.onClose(error.message));
  socket.on("close", () => transport.onClose("the connection was closed"));
  await once(socket, "open");
  return transport;
}

/** RFC 6120. @throws Error where it cannot connect */
export async function overTcp(host: string, port: number): Promise<ClientTransport> {
  let socket: Socket = connect({ host, port, timeout: CONNECT_MS });
  await once(socket, "connect");
  socket.setTimeout(0);
  let rest = "";
  const transport: ClientTransport = {
    open(domain) {
      rest = "";
      socket.write(
        `<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" to="${domain}" version="1.0">`,
      );
    },
    send: (text) => socket.write(text),
    onElement: nothing,
    onClose: nothing,
    localPort: socket.localPort,
    async secure(domain, authority) {
      socket.removeAllListeners();
      const trusted = authority === undefined ? {} : { ca: [authority] };
      const options = { socket, servername: domain, ...trusted, ALPNProtocols: ["xmpp-client"] };
      const secured = connectTls(options);
      await once(secured, "secureConnect");
      socket = secured;
      listen();
    },
    close() {
      socket.end("</stream:stream>");
      setTimeout(() => socket.destroy(), 1000).unref();
    },
    drop: () => socket.destroy(),
  };
  const listen = () => {
    socket.setEncoding("utf8");
    socket.on("data", (text) => {
      const split = splitStream(rest + text);
      rest = split.rest;
      for (const element of split.elements) transport.onElement(parse(element));
      if (split.ended) socket.end();
    });
    socket.on("error", (error) => transport.onClose(error.message));
    socket.on("close", () => transport.onClose("the connection was closed"));
  };
  listen();
  return transport;
}

/**
 * The whole elements of a stream's text, and what is left. Only for our own servers, which send neither comments nor
 * CDATA; the stream's header and the XML declaration are skipped.
 */
export function splitStream(text: string): { elements: string[]; rest: string; ended: boolean } {
  const tag = /<(\/?)([?\w:.-]+)(?:"[^"]*"|'[^']*'|[^<>"'])*>/y;
  const elements: string[] = [];
  let depth = 0;
  let start = 0;
  let done = 0;
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", tag.lastIndex)) {
    tag.lastIndex = at;
    const found = tag.exec(text);
    // A tag whose end has not come yet.
    if (found === null) break;
    const [whole, closing, name = ""] = found;
    if (depth === 0 && name === "stream:stream") {
      if (closing) return { elements, rest: "", ended: true };
      done = tag.lastIndex;
    } else if (name.startsWith("?")) done = tag.lastIndex;
    else {
      if (depth === 0) start = found.index;
      depth += closing ? -1 : whole.endsWith("/>") ? 0 : 1;
      if (depth > 0) continue;
      done = tag.lastIndex;
      elements.push(text.slice(start, done));
    }
  }
  return { elements, rest: text.slice(done), ended: false };
}
