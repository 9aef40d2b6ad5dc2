// A client connection over WebSocket, one element a frame. RFC 7395.
import { WebSocket } from "ws";
import { NS_CLIENT, NS_FRAMING } from "../../xmpp/xml/namespaces.ts";
import type { Answers } from "./actor.ts";
import { Inbox, type Received } from "./inbox.ts";
import type { Transcript } from "./transcript.ts";
import { abandon, answered, isBarrier, showReceived, type Wire } from "./wire.ts";
import { parseXml } from "./xml-node.ts";

/** A wire over WebSocket. */
export class WebSocketWire implements Wire {
  readonly name: string;
  readonly inbox = new Inbox();
  readonly framed = true;
  readonly socket = undefined;
  readonly answers: Answers = new Map();
  ended = false;
  private readonly transcript: Transcript;
  private readonly connection: WebSocket;

  private constructor(name: string, connection: WebSocket, transcript: Transcript) {
    this.name = name;
    this.connection = connection;
    this.transcript = transcript;
    connection.on("message", (data, isBinary) => {
      if (isBinary) return this.receive({ kind: "garbage", problem: "a binary frame, which RFC 7395 §3.2 forbids" });
      this.frame(String(data));
    });
    connection.on("close", () => {
      if (this.ended) return;
      this.ended = true;
      this.receive({ kind: "end" });
      abandon(this.answers);
    });
    connection.on("error", () => undefined);
  }

  /** Connects with the subprotocol `xmpp`. @throws Error where the server refuses */
  static async connect(name: string, url: string, transcript: Transcript, protocol = "xmpp"): Promise<WebSocketWire> {
    const connection = new WebSocket(url, protocol);
    // Frames may come with the answer to the handshake: listen before it.
    const wire = new WebSocketWire(name, connection, transcript);
    await new Promise<void>((resolve, reject) => {
      connection.once("open", resolve);
      connection.once("error", reject);
    });
    transcript.add(name, `- connected to ${url}, subprotocol ${JSON.stringify(connection.protocol)}`);
    return wire;
  }

  /** Sends one frame; a stanza without a namespace gets the client's (RFC 7395 §3.3.3). */
  send(text: string): void {
    const frame = text.replace(/^<(message|presence|iq)(?=[\s/>])(?![^>]*\sxmlns=)/, `<$1 xmlns="${NS_CLIENT}"`);
    if (!isBarrier(frame)) this.transcript.add(this.name, `> ${frame}`);
    this.connection.send(frame);
  }

  sendBytes(bytes: Uint8Array): void {
    this.transcript.add(this.name, `> (binary frame of ${bytes.length} bytes)`);
    this.connection.send(bytes);
  }

  end(): void {
    this.connection.close();
  }

  destroy(): void {
    this.ended = true;
    abandon(this.answers);
    this.connection.terminate();
  }

  private frame(text: string): void {
    try {
      const node = parseXml(text);
      if (answered(this, node)) return;
      const framing = node.ns === NS_FRAMING;
      if (framing && node.name === "close") this.receive({ kind: "close" });
      else this.receive({ kind: framing && node.name === "open" ? "open" : "element", node });
    } catch (error) {
      this.receive({ kind: "garbage", problem: `${(error as Error).message}: ${text}` });
    }
  }

  private receive(item: Received): void {
    this.transcript.add(this.name, showReceived(item));
    this.inbox.push(item);
  }
}
