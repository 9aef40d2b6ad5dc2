// Stands for a session that another node of the cluster holds: what is delivered to it goes over the bus.

import { pause } from "../../../xmpp/clock.ts";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { noteArrival } from "../../../xmpp/stanza/arrival.ts";
import { presence } from "../../../xmpp/stanza/presence.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import type { StreamErrorCondition } from "../../../xmpp/stream/error.ts";
import type { SessionHost } from "../../ports/host.ts";
import type { ClientSession, SessionElsewhere, SharedSessionKey } from "../../ports/session.ts";
import { type Destination, onItsWay } from "./on-its-way.ts";
import type { SessionEntry } from "./session-entry.ts";

/** ms between two looks at whether a congested node has caught up. */
const LOOK_INTERVAL = 50;

/** ms after which a member that has too much waiting for it is tried again. */
const AGAIN = 1_000;

/** Stanzas that may wait behind older ones. */
const WAITING_LIMIT = 1_000;

/** A session elsewhere. */
export class RemoteSession implements SessionElsewhere, Destination {
  readonly remote = true;
  readonly jid: Jid;
  readonly account: Jid;
  readonly host: SessionHost;
  /** The member that holds it. */
  readonly member: string;
  private entry: SessionEntry;
  private parsed: Stanza | undefined;
  /** Stanzas that wait behind older ones. */
  private behind: Stanza[] | undefined;
  /** Stanzas sent and not confirmed. */
  private underWay = 0;
  /** What waited when the stanzas before it came back, which go to this session first. */
  private aside: Stanza[] = [];
  private readonly followers = new Set<RemoteSession>();

  constructor(host: SessionHost, member: string, entry: SessionEntry) {
    this.host = host;
    this.member = member;
    this.entry = entry;
    this.jid = Jid.parse(entry.jid);
    this.account = this.jid.toBare();
  }

  get since(): number {
    return this.entry.since;
  }

  get remoteAddress(): string {
    return this.entry.address;
  }

  get presence(): Stanza | undefined {
    if (this.entry.presence === undefined) return undefined;
    this.parsed ??= this.parse(this.entry.presence);
    return this.parsed;
  }

  /** It is there, whatever it said of itself: what cannot be read here must not hide it, nor stop who looks at it. */
  private parse(text: string): Stanza {
    try {
      return Stanza.fromText(text);
    } catch (error) {
      this.host.log.error({ err: error, jid: this.jid.full }, "presence of a session elsewhere cannot be read");
      return presence(this.jid, this.account);
    }
  }

  /** True where it has presence, which need not be parsed for this. */
  get available(): boolean {
    return this.entry.presence !== undefined;
  }

  get priority(): number {
    return this.entry.priority;
  }

  get waiting(): boolean {
    return this.entry.waiting;
  }

  get interested(): boolean {
    return this.entry.interested;
  }

  /** Takes what its node says of it now. */
  update(entry: SessionEntry): void {
    this.entry = entry;
    this.parsed = undefined;
  }

  deliver(stanza: Stanza): void {
    noteArrival(stanza, this.host.clock.now());
    if (this.behind !== undefined) return this.wait(stanza, this.behind);
    this.send("stanza", stanza);
  }

  /** Past what waits at its node as well: something older than that. */
  write(stanza: Stanza): void {
    noteArrival(stanza, this.host.clock.now());
    this.send("older", stanza);
  }

  private send(kind: "stanza" | "older", stanza: Stanza): void {
    this.underWay++;
    this.host.bus.post(this.member, onItsWay(this, kind, stanza));
  }

  /** Nothing goes to a member that is no more, though its sessions may not all be taken out yet. */
  lost(): void {
    this.host.sessions.remove(this);
    this.cameBack();
  }

  /** A stanza that was sent has come there, or has another way by now. */
  arrived(): void {
    this.underWay--;
    this.settled();
  }

  /**
   * The session was elsewhere before: what was sent there is passed on from there, and what comes now waits until that
   * is safe, or it would overtake; where that one's node dies, until what was there has its new way. RFC 6120 §10.1.
   */
  follow(before: RemoteSession): void {
    if (before.underWay === 0 && before.behind === undefined) return;
    this.hold();
    before.followers.add(this);
  }

  /** What was sent to its node comes back, and goes on from here: what waits behind it lets it by. */
  private cameBack(): void {
    for (const follower of this.followers) {
      follower.aside.push(...(follower.behind ?? []));
      follower.behind = undefined;
    }
  }

  /** Holds back what comes from now on: the session is being brought here. */
  hold(): void {
    this.behind ??= [];
  }

  /** Lets what was held back go: to where the session is now, or over the bus. */
  release(to: ClientSession = this): void {
    const waiting = [...this.aside, ...(this.behind ?? [])];
    this.aside = [];
    this.behind = undefined;
    for (const stanza of waiting) {
      to.deliver(stanza);
      stanza.safety?.release("passed on");
    }
    if (waiting.length === 0 || to !== this) this.settled();
  }

  get congested(): boolean {
    return this.host.bus.congested(this.member);
  }

  get backPressure(): Promise<void> | undefined {
    return this.congested ? this.caughtUp().then(nothing) : undefined;
  }

  async caughtUp(): Promise<boolean> {
    while (this.awake && this.congested) await pause(this.host.clock, LOOK_INTERVAL);
    return this.awake;
  }

  /** True while this stands for the session, which is neither over nor gone on elsewhere, and it does not sleep. */
  private get awake(): boolean {
    return !this.waiting && this.host.sessions.find(this.jid) === this;
  }

  /** Its node gives what it holds, and confirms once that is under way. */
  lend(taker: ClientSession): Promise<void> {
    return new Promise((resolve) => {
      this.host.bus.send(this.member, {
        kind: "lend",
        fields: [this.jid.full, taker.jid.full],
        confirmed: resolve,
        failed: () => resolve(),
      });
    });
  }

  end(condition: StreamErrorCondition, text = ""): void {
    this.host.sessions.remove(this);
    const fields = [this.jid.full, String(this.since), condition, text];
    const tell = (): void =>
      this.host.bus.send(this.member, {
        kind: "end",
        fields,
        confirmed: nothing,
        failed: (reason) => {
          if (reason !== "died") this.host.clock.setTimeout(tell, AGAIN);
        },
      });
    tell();
  }

  wake(woken: () => void = nothing): void {
    this.host.bus.send(this.member, {
      kind: "wake",
      fields: [this.jid.full],
      confirmed: woken,
      failed: (reason) => {
        // A member that died and yet lives shows its sessions again, which are woken then.
        if (reason !== "died") this.host.clock.setTimeout(() => this.wake(woken), AGAIN);
      },
    });
  }

  get<T>(key: SharedSessionKey<T>): T | undefined {
    const { facts } = this.entry;
    if (!Object.hasOwn(facts, key.name)) return undefined;
    try {
      return key.shared.fromJson(facts[key.name]);
    } catch (error) {
      this.host.log.error({ err: error, jid: this.jid.full, fact: key.name }, "a fact of a session cannot be read");
      return undefined;
    }
  }

  private wait(stanza: Stanza, waiting: Stanza[]): void {
    stanza.safety?.hold();
    waiting.push(stanza);
    // Out of order is better than without bound.
    if (waiting.length > WAITING_LIMIT) this.release();
  }

  private settled(): void {
    if (this.underWay > 0 || this.behind !== undefined) return;
    const { estates } = this.host.registry;
    for (const follower of this.followers) estates.behind(this.account, () => follower.release());
    this.followers.clear();
  }
}

function nothing(): void {}
