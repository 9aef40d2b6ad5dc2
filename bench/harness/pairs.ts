// Pairs of clients that chat: one sends, the other counts what arrives, exactly once and in order.
import { Client, forEach, within } from "./client.ts";
import { DOMAIN, localpart, PASSWORD, type ServerUnderTest } from "./server.ts";

/** Bytes of a message's body. */
const BODY_BYTES = 100;
/** Digits of the sequence number and of the pair's number, at the body's beginning. */
const DIGITS = 9;
const PAIR_DIGITS = 4;

/** One sender and its receiver. */
export class Pair {
  readonly sender: Client;
  readonly receiver: Client;
  sent = 0;
  received = 0;
  private readonly onDelivered: (pair: Pair, count: number) => void;
  private readonly head: string;
  private readonly tail: string;
  private readonly pairText: string;
  private rest = "";

  constructor(index: number, sender: Client, receiver: Client, onDelivered: (pair: Pair, count: number) => void) {
    this.sender = sender;
    this.receiver = receiver;
    this.onDelivered = onDelivered;
    this.pairText = String(index).padStart(PAIR_DIGITS, "0");
    this.head = `<message to='${receiver.jid}' type='chat' id='m`;
    this.tail = `${"x".repeat(BODY_BYTES - DIGITS - PAIR_DIGITS)}</body></message>`;
    receiver.onText = (text) => this.take(text);
    sender.onText = (text) => {
      if (text.trim() !== "") throw new Error(`${sender.server.name}: the sender was sent ${text.slice(0, 300)}`);
    };
  }

  /** Writes `count` messages at once. */
  send(count: number): void {
    let text = "";
    for (let index = 0; index < count; index += 1) {
      const sequence = String(this.sent).padStart(DIGITS, "0");
      text += `${this.head}${sequence}'><body>${sequence}${this.pairText}${this.tail}`;
      this.sent += 1;
    }
    this.sender.send(text);
  }

  private take(chunk: string): void {
    const text = this.rest === "" ? chunk : this.rest + chunk;
    let start = 0;
    let count = 0;
    for (;;) {
      const end = text.indexOf("</message>", start);
      if (end === -1) break;
      this.checkMessage(text, start, end);
      start = end + 10;
      count += 1;
    }
    this.rest = start === text.length ? "" : text.slice(start);
    if (count > 0) this.onDelivered(this, count);
  }

  private checkMessage(text: string, start: number, end: number): void {
    const body = text.indexOf("<body>", start) + 6;
    const sequence = +text.slice(body, body + DIGITS);
    const pair = text.slice(body + DIGITS, body + DIGITS + PAIR_DIGITS);
    if (sequence !== this.received || pair !== this.pairText || text.indexOf("</body>", body) !== body + BODY_BYTES) {
      const what = text.slice(start, end + 10).slice(0, 500);
      throw new Error(`${this.receiver.server.name}: pair ${this.pairText} expected ${this.received}, got ${what}`);
    }
    this.received += 1;
  }
}

/** All pairs of one server. */
export class Pairs {
  private readonly pairs: Pair[] = [];
  private window = 0;
  private whenDrained: (() => void) | undefined;

  /** Logs two clients in for each pair: at one server, or at each of two in turn, so that each message crosses. */
  static async connect(server: ServerUnderTest, count: number, tls: boolean, other = server): Promise<Pairs> {
    const at = (index: number) => ((index >> 1) % 2 === index % 2 ? server : other);
    const clients = Array.from({ length: count * 2 }, (_, index) => new Client(at(index), { tls }));
    const login = async (index: number) => {
      const client = clients[index]!;
      await client.login(localpart(index), PASSWORD, "PLAIN");
      await client.becomeAvailable();
    };
    await within(`${server.name}: logins`, forEach(clients.length, 10, login));
    // What one server tells the other of its sessions takes a moment.
    if (other !== server) await new Promise((resolve) => setTimeout(resolve, 500));
    const all = new Pairs();
    for (let index = 0; index < count; index += 1) {
      const [sender, receiver] = [clients[index * 2]!, clients[index * 2 + 1]!];
      all.pairs.push(new Pair(index, sender, receiver, (pair, delivered) => all.delivered(pair, delivered)));
    }
    return all;
  }

  /** Messages delivered so far. */
  get received(): number {
    return this.pairs.reduce((sum, pair) => sum + pair.received, 0);
  }

  /** Keeps `window` messages of each pair in flight for `ms`, then waits until all have arrived. */
  async run(window: number, ms: number): Promise<void> {
    this.window = window;
    const drained = new Promise<void>((resolve) => {
      this.whenDrained = resolve;
    });
    for (const pair of this.pairs) pair.send(window);
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.window = 0;
    if (this.inFlight() > 0) await within(`messages on their way (${this.inFlight()})`, drained);
    this.whenDrained = undefined;
  }

  /** Drops every connection. */
  disconnect(): void {
    for (const { sender, receiver } of this.pairs) {
      sender.destroy();
      receiver.destroy();
    }
  }

  private delivered(pair: Pair, count: number): void {
    if (this.window > 0) pair.send(count);
    else if (this.inFlight() === 0) this.whenDrained?.();
  }

  private inFlight(): number {
    return this.pairs.reduce((sum, pair) => sum + pair.sent - pair.received, 0);
  }
}

/** Told with the figures. */
export const CHAT_DESCRIPTION = `full JIDs of ${DOMAIN}, ${BODY_BYTES}-byte bodies, exactly once and in order`;
