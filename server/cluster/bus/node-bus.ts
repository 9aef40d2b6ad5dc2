// Frames between the nodes of a region: gathered by turn, in order, confirmed, sent again after a break.
import type { Logger } from "pino";
import { flushLater } from "../../../xmpp/stream/gather.ts";
import { logFailure } from "../../observe/failure.ts";
import type { BusFailure, FrameTaker, MemberObserver, NodeBus, Parcel } from "../../ports/cluster.ts";
import { Barriers } from "./barriers.ts";
import { BusObservers } from "./bus-observers.ts";
import { decodeFrames, encodeFrame, type Frame } from "./frames.ts";
import { type OnError, Peer } from "./peer.ts";
import type { Wire } from "./wire.ts";

/** Frames that say something of this side's frames. */
const ABOUT_OURS: ReadonlySet<string> = new Set(["c", "n", "x"]);

/** Dead members remembered, so that their last words make nobody of them. */
const DEAD_LIMIT = 1_000;

/** The bus of a node over a wire. Who lives is told to it by whoever watches the members. */
export class WireBus implements NodeBus {
  private self: string;
  private readonly wire: Wire;
  private readonly prefix: string;
  private readonly log: Logger;
  private readonly peers = new Map<string, Peer>();
  private readonly takers = new Map<string, FrameTaker>();
  private readonly announcementTakers = new Map<string, (from: string, fields: readonly string[]) => void>();
  private readonly observers: BusObservers;
  private announcements = "";
  /** Messages of announcements so far. */
  private announced = 0;
  private generations = 0;
  private readonly barriers = new Barriers();
  private readonly dead = new Set<string>();
  /** True while this node may have been taken for dead without knowing. */
  fenced: () => boolean = () => false;
  /** True where announcements, of others or to them, went nowhere while this node was fenced. */
  private missed = false;
  private scheduled = false;
  private leaving = false;
  private listening = false;

  constructor(wire: Wire, options: { readonly prefix: string; readonly member: string; readonly log: Logger }) {
    this.wire = wire;
    this.prefix = options.prefix;
    this.self = options.member;
    this.log = options.log;
    this.observers = new BusObservers(options.log);
    this.onAnnouncement("gap", () => this.observers.tellOfGap());
  }

  get member(): string {
    return this.self;
  }

  get others(): readonly string[] {
    return [...this.peers.keys()];
  }

  /** Frames that wait for confirmation. */
  get unconfirmed(): number {
    let count = 0;
    for (const peer of this.peers.values()) count += peer.size;
    return count;
  }

  /** Frames of others that were taken, and whose senders do not know yet that they are safe. */
  get owed(): number {
    let count = 0;
    for (const peer of this.peers.values()) count += peer.owed;
    return count;
  }

  /** From now on no frame is taken: at the farewell its sender has it back, and whatever was begun with it here is done. */
  takeNoMore(): void {
    this.leaving = true;
  }

  /** Starts to listen; again where it failed. @throws where the wire does not answer */
  async open(): Promise<void> {
    if (!this.listening)
      this.wire.open(
        (text) => this.hear(text),
        () => this.resumed(),
      );
    this.listening = true;
    await this.wire.join(this.channel("*all"));
    await this.wire.join(this.channel(this.self));
  }

  /** Goes on as another member, since this one was taken for dead: what it had with others is over. */
  async becomes(member: string): Promise<void> {
    const old = this.self;
    for (const other of this.others) this.died(other, false);
    this.self = member;
    await this.wire.leave(this.channel(old));
    await this.wire.join(this.channel(member));
  }

  take(kind: string, taker: FrameTaker): void {
    if (this.takers.has(kind)) throw new Error(`frames of kind ${kind} have a taker already`);
    this.takers.set(kind, taker);
  }

  onAnnouncement(kind: string, taker: (from: string, fields: readonly string[]) => void): void {
    this.announcementTakers.set(kind, taker);
  }

  onMember(observer: MemberObserver): void {
    this.observers.addForMembers(observer);
  }

  onGap(observer: () => void): void {
    this.observers.addForGaps(observer);
  }

  send(
    member: string,
    kind: string,
    fields: readonly string[],
    confirmed: () => void,
    failed: (reason: BusFailure) => void,
  ): void {
    this.post(member, { kind, fields: () => fields, confirmed, failed });
  }

  post(member: string, parcel: Parcel): void {
    const peer = this.peers.get(member);
    if (peer === undefined) parcel.failed("died");
    else if (peer.add(parcel)) this.schedule();
    else parcel.failed("full");
  }

  announce(kind: string, fields: readonly string[]): void {
    this.announcements += encodeFrame("!", [kind, ...fields]);
    this.schedule();
  }

  barrier(): Promise<void> | undefined {
    if (this.peers.size === 0) return undefined;
    return this.barriers.raise((id) => this.announce("barrier", [id]));
  }

  congested(member: string): boolean {
    return this.peers.get(member)?.congested === true;
  }

  /** A member is there. */
  joined(member: string): void {
    if (member === this.self || this.peers.has(member)) return;
    this.dead.delete(member);
    this.peers.set(member, new Peer(++this.generations));
    this.observers.tell(member, "joined", false);
  }

  /** A member is gone: observers first, so that nothing given back goes to it again. */
  died(member: string, buried: boolean): void {
    const peer = this.peers.get(member);
    if (peer === undefined) return;
    this.peers.delete(member);
    this.observers.tell(member, "died", buried);
    this.dead.add(member);
    if (this.dead.size > DEAD_LIMIT) this.dead.delete(this.dead.values().next().value as string);
    peer.fail("died", this.failedIn(member));
  }

  private failedIn(member: string): OnError {
    return (error) => logFailure(this.log, error, "bus: what became of a frame could not be told", { member });
  }

  /** Resolves once what was gathered has been given to the wire. */
  settled(): Promise<void> {
    return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }

  /** Asks members that do not confirm how they stand. Called at every beat. */
  beat(): void {
    if (this.missed && !this.fenced()) this.tellOfGap();
    for (const peer of this.peers.values()) if (peer.stuck()) this.say(peer, encodeFrame("p", []));
  }

  flush(): void {
    this.scheduled = false;
    if (this.fenced()) {
      // Frames wait with their peers and go out once the others have been asked how they stand.
      this.missed ||= this.announcements !== "";
      this.announcements = "";
      for (const peer of this.peers.values()) peer.hush();
      return;
    }
    if (this.announcements !== "") {
      const text = this.announcements;
      this.announcements = "";
      this.announced++;
      this.wire.publish(this.channel("*all"), encodeFrame("h", [this.self]) + text);
    }
    for (const [member, peer] of this.peers) {
      const message = peer.message(this.self, this.announced);
      if (message !== undefined) this.wire.publish(this.channel(member), message);
    }
  }

  private say(peer: Peer, text: string): void {
    peer.say(text);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    flushLater(this);
  }

  private hear(text: string): void {
    const [head, ...frames] = decodeFrames(text);
    const [sender, low, generation, answering, announced] = head?.fields ?? [];
    if (head?.kind !== "h" || sender === undefined) return;
    if (sender === this.self) return this.hearEcho(frames);
    // The dead that speak are heard again once who watches the members says that they live.
    if (this.dead.has(sender)) return;
    // Nothing is taken from before this node may have been taken for dead: others have given it a new way.
    if (this.fenced()) {
      this.missed = true;
      return;
    }
    this.joined(sender);
    const peer = this.peers.get(sender) as Peer;
    // An announcement belongs to no acquaintance.
    if (generation !== undefined && !peer.meets(Number(low), Number(generation))) return;
    if (announced !== undefined) peer.isRecent();
    const answers = Number(answering) === peer.generation;
    for (const frame of frames) {
      // What is said of an earlier acquaintance's frames is not about these.
      if (!answers && ABOUT_OURS.has(frame.kind)) continue;
      try {
        this.hearFrame(sender, peer, frame);
      } catch (error) {
        this.log.error({ err: error, from: sender, kind: frame.kind }, "bus: a frame could not be taken");
      }
    }
  }

  /** The wire has one order for everybody: what comes back was heard by all, and so was all before it. */
  private hearEcho(frames: readonly Frame[]): void {
    for (const { kind, fields } of frames)
      if (kind === "!" && fields[0] === "barrier") this.barriers.passed(fields[1] ?? "");
  }

  private hearFrame(sender: string, peer: Peer, frame: Frame): void {
    const [first = "", second = ""] = frame.fields;
    switch (frame.kind) {
      case "#":
        return this.hearNumbered(sender, peer, frame);
      case "!":
        return this.announcementTakers.get(first)?.(sender, frame.fields.slice(1));
      case "c":
        return peer.confirmed(first, this.failedIn(sender));
      case "x":
        return peer.refused(first, this.failedIn(sender));
      case "p":
        return this.say(peer, peer.standing());
      case "n": {
        const missing = peer.standsAt(first, second, this.failedIn(sender));
        if (missing !== "") this.say(peer, missing);
      }
    }
  }

  private hearNumbered(sender: string, peer: Peer, frame: Frame): void {
    if (this.leaving) return;
    const taken = peer.receive(frame);
    // A duplicate may owe a confirmation again.
    this.say(peer, "");
    if (taken === undefined) {
      if (peer.missesBefore(Number(frame.fields[0]))) this.say(peer, peer.standing());
      return;
    }
    const done = () => {
      peer.safe(taken.sequence, taken.generation);
      this.say(peer, "");
    };
    const taker = this.takers.get(taken.kind);
    if (taker === undefined) return done();
    try {
      taker(sender, taken.fields, done);
    } catch (error) {
      // Its sender, who alone knows what it was for, has it back; not to hear would make it wait for ever.
      peer.refuse(taken.sequence, taken.generation);
      throw error;
    }
  }

  private resumed(): void {
    for (const peer of this.peers.values()) if (peer.size > 0) this.say(peer, encodeFrame("p", []));
    this.tellOfGap();
  }

  /** Announcements of others may have been missed; what this node announced meanwhile is lost as well. */
  private tellOfGap(): void {
    this.missed = false;
    this.announce("gap", []);
    this.observers.tellOfGap();
  }

  private channel(name: string): string {
    return `${this.prefix}:bus:{${name}}`;
  }
}
