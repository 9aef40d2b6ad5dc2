// A bound session for unit tests of modules: it sends through the real door, and records what it is handed.
import { acceptFromClient } from "../../server/delivery/ingress.ts";
import type { VirtualHost } from "../../server/host/virtual-host.ts";
import type { Gate, OwnSession, SessionKey } from "../../server/ports/session.ts";
import type { Jid } from "../../xmpp/jid/jid.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import { NS_CLIENT } from "../../xmpp/xml/namespaces.ts";
import { parseOwn } from "../../xmpp/xml/tree.ts";

/** One resource of an account, whose client takes whatever it is given at once. */
export class FakeSession implements OwnSession {
  readonly host: VirtualHost;
  readonly jid: Jid;
  readonly account: Jid;
  readonly since = 0;
  readonly remoteAddress = "192.0.2.1";
  readonly waiting = false;
  readonly remote = false;
  readonly congested = false;
  readonly backPressure = undefined;
  readonly keeps = false;
  readonly waitingErrors = [];
  readonly sm = undefined;
  readonly connection = undefined;
  presence: Stanza | undefined;
  priority = 0;
  interested = false;
  gate: Gate | undefined;
  /** What it was handed, in order. */
  readonly received: Stanza[] = [];
  /** The stream error that ended it. */
  ending: string | undefined;
  private readonly facts = new Map<unknown, unknown>();
  private paused: Stanza[] | undefined;

  constructor(host: VirtualHost, jid: Jid) {
    this.host = host;
    this.jid = jid;
    this.account = jid.toBare();
  }

  /** Its client sends a stanza; resolves once that is done with. */
  async send(xml: string): Promise<void> {
    await acceptFromClient(this, parseOwn(xml, NS_CLIENT), undefined);
  }

  /** What it was handed since this was asked last, as text. */
  now(): string[] {
    return this.received.splice(0).map((stanza) => stanza.text());
  }

  deliver(stanza: Stanza): void {
    if (this.paused !== undefined && stanza.kind === "message") this.paused.push(stanza);
    else if (this.gate === undefined || this.gate.admit(stanza)) this.write(stanza);
  }

  write(stanza: Stanza): void {
    this.received.push(stanza);
  }

  pause(): void {
    this.paused ??= [];
  }

  unpause(): void {
    const waiting = this.paused ?? [];
    this.paused = undefined;
    for (const stanza of waiting) this.deliver(stanza);
  }

  /** True while messages wait for something older. */
  get waits(): boolean {
    return this.paused !== undefined;
  }

  end(condition: string): void {
    this.ending = condition;
    this.finish();
  }

  finish(): void {
    this.host.sessions.remove(this);
  }

  get<T>(key: SessionKey<T>): T | undefined {
    return this.facts.get(key) as T | undefined;
  }

  set<T>(key: SessionKey<T>, value: T): void {
    this.facts.set(key, value);
  }

  sharedFacts(): Record<string, unknown> {
    return {};
  }

  charge(): void {}
  async caughtUp(): Promise<boolean> {
    return true;
  }
  async acknowledged(): Promise<boolean> {
    return true;
  }
  async lend(): Promise<void> {}
  wake(woken: () => void = () => {}): void {
    woken();
  }
}
