// A sender with stream management that takes the time from each message to the <a/> that counts it. XEP-0198 §4.
import type { Client } from "./client.ts";
import { localpart, PASSWORD } from "./server.ts";

const BODY = "x".repeat(100);

/** A client that sends and is acknowledged. */
export class AckedSender {
  /** ms from each message to its acknowledgement. */
  readonly times: number[] = [];
  private readonly client: Client;
  private readonly managed: boolean;
  private readonly to: readonly string[];
  private readonly index: number;
  private sent = 0;
  private acknowledged = 0;
  /** When each message that is not acknowledged was sent. */
  private readonly waiting: number[] = [];
  private rest = "";
  private whenDrained: (() => void) | undefined;

  /** `managed` is false for the same sender without stream management, which learns nothing. */
  constructor(client: Client, managed: boolean, to: readonly string[], index: number) {
    this.client = client;
    this.managed = managed;
    this.to = to;
    this.index = index;
  }

  async login(): Promise<void> {
    await this.client.login(localpart(this.index), PASSWORD, "PLAIN");
    if (!this.managed) return;
    this.client.send("<enable xmlns='urn:xmpp:sm:3'/>");
    await this.client.until(/<enabled[^>]*>/);
    this.client.onText = (text) => this.take(text);
  }

  /** One message, and a question for its acknowledgement. */
  send(): void {
    const to = this.to[(this.sent * 7 + this.index) % this.to.length];
    this.sent += 1;
    if (this.managed) this.waiting.push(performance.now());
    const asks = this.managed ? "<r xmlns='urn:xmpp:sm:3'/>" : "";
    this.client.send(`<message to='${to}' type='chat' id='m${this.sent}'><body>${BODY}</body></message>${asks}`);
  }

  /** Resolves once every message is acknowledged; a plain sender asks for something else, whose answer comes behind. */
  async drained(): Promise<void> {
    if (!this.managed) {
      this.client.send("<iq type='get' id='d'><ping xmlns='urn:xmpp:ping'/></iq>");
      await this.client.until(/<iq[^>]*id=.d.[^>]*>/);
      return;
    }
    if (this.waiting.length === 0) return;
    await new Promise<void>((resolve) => {
      this.whenDrained = resolve;
    });
  }

  destroy(): void {
    this.client.destroy();
  }

  private take(chunk: string): void {
    const text = this.rest + chunk;
    const now = performance.now();
    let end = 0;
    for (const found of text.matchAll(/<a [^>]*h=['"](\d+)['"][^>]*>|<message[ >]/g)) {
      if (found[1] === undefined) throw new Error(`a message came back: ${text.slice(0, 300)}`);
      end = found.index + found[0].length;
      for (const h = Number(found[1]); this.acknowledged < h; this.acknowledged += 1)
        this.times.push(now - (this.waiting.shift() ?? now));
    }
    this.rest = text.slice(end);
    if (this.waiting.length > 0) return;
    this.whenDrained?.();
    this.whenDrained = undefined;
  }
}
