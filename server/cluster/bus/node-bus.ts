// Frames between the nodes of a region: gathered by turn, in order, confirmed, sent again after a break.
import type { Logger } from "pino";
import { type Clock, systemClock } from "../../../xmpp/clock.ts";
import { flushLater } from "../../../xmpp/stream/gather.ts";
import { logFailure } from "../../observe/failure.ts";
import type { FrameTaker, FrameToSend, MemberObserver, NodeBus, Parcel } from "../../ports/cluster.ts";
import { BoundedNames } from "../membership/bounded-names.ts";
import { Announcements, type AnnouncementTaker } from "./announcements.ts";
import { BusObservers } from "./bus-observers.ts";
import { decodeFrames, encodeFrame, type Frame } from "./frames.ts";
import { type OnError, Peer } from "./peer.ts";
import { Taking } from "./taking.ts";
import type { BusOptions, DirectWay, Wire } from "./wire.ts";

/** Frames that say something of this side's frames. */
const ABOUT_OURS: ReadonlySet<string> = new Set(["c", "n", "x"]);

/** Asks a member how it stands. */
const ASK = encodeFrame("p", []);

/** The bus of a node over a wire. Who lives is told to it by whoever watches the members. */
export class WireBus implements NodeBus {
  private self: string;
  private readonly wire: Wire;
  private readonly prefix: string;
  private readonly log: Logger;
  private readonly clock: Clock;
  private readonly peers = new Map<string, Peer>();
  private readonly taking = new Taking();
  private readonly announcements = new Announcements();
  private readonly observers: BusObservers;
  private generations = 0;
  /** The dead, so that their last words make nobody of them. */
  private readonly dead = new BoundedNames();
  /** Ways to members past the wire, where there are any. */
  direct: DirectWay | undefined;
  /** True while this node may have been taken for dead without knowing. */
  fenced: () => boolean = () => false;
  /** True where announcements, of others or to them, went nowhere while this node was fenced. */
  private missed = false;
  private scheduled = false;
  private listening = false;

  constructor(wire: Wire, options: BusOptions) {
    this.wire = wire;
    this.clock = options.clock ?? systemClock;
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
    return this.sum((peer) => peer.size);
  }

  /** Frames of others that were taken, and whose senders do not know yet that they are safe. */
  get owed(): number {
    return this.sum((peer) => peer.owed);
  }

  private sum(of: (peer: Peer) => number): number {
    return this.peers.values().reduce((sum, peer) => sum + of(peer), 0);
  }

  /** From now on no frame is taken: at the farewell its sender has it back; what was begun with it here is done. */
  takeNoMore(): void {
    this.taking.end();
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
    this.taking.of(kind, taker);
  }

  onAnnouncement(kind: string, taker: AnnouncementTaker): void {
    this.announcements.on(kind, taker);
  }

  onMember(observer: MemberObserver): void {
    this.observers.addForMembers(observer);
  }

  onGap(observer: () => void): void {
    this.observers.addForGaps(observer);
  }

  send(member: string, { kind, fields, confirmed, failed }: FrameToSend): void {
    this.post(member, { kind, fields: () => fields, confirmed, failed });
  }

  post(member: string, parcel: Parcel): void {
    const peer = this.peers.get(member);
    if (peer === undefined) parcel.failed("died");
    else if (peer.add(parcel)) this.schedule();
    else parcel.failed("full");
  }

  announce(kind: string, fields: readonly string[]): void {
    this.announcements.add(kind, fields);
    this.schedule();
  }

  barrier(): Promise<void> | undefined {
    if (this.peers.size === 0) return undefined;
    return this.announcements.barrier((kind, fields) => this.announce(kind, fields));
  }

  congested(member: string): boolean {
    return this.peers.get(member)?.congested === true;
  }

  /** A member is there. */
  joined(member: string): void {
    if (member === this.self || this.peers.has(member)) return;
    this.dead.delete(member);
    this.peers.set(member, new Peer(++this.generations, (frames) => this.hearFrames(member, frames), this.clock));
    this.observers.tell(member, "joined", false);
  }

  /** A member is gone: observers first, so that nothing given back goes to it again. */
  died(member: string, buried: boolean): void {
    const peer = this.peers.get(member);
    if (peer === undefined) return;
    this.peers.delete(member);
    peer.behind.end();
    this.observers.tell(member, "died", buried);
    this.dead.add(member);
    peer.fail("died", failedIn(this.log, member));
  }

  /** Resolves once what was gathered has been given to the wire. */
  settled(): Promise<void> {
    return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }

  /** Asks members that do not confirm how they stand. Called at every beat. */
  beat(): void {
    if (this.missed && !this.fenced()) this.tellOfGap();
    for (const peer of this.peers.values()) if (peer.stuck()) this.say(peer, ASK);
  }

  flush(): void {
    this.scheduled = false;
    if (this.fenced()) {
      // Frames wait with their peers and go out once the others have been asked how they stand.
      if (this.announcements.drop()) this.missed = true;
      for (const peer of this.peers.values()) peer.hush();
      return;
    }
    const announcement = this.announcements.message(this.self);
    if (announcement !== undefined) this.wire.publish(this.channel("*all"), announcement);
    for (const [member, peer] of this.peers) {
      const message = peer.message(this.self, this.announcements.count);
      if (message !== undefined && this.direct?.send(member, message) !== true)
        this.wire.publish(this.channel(member), message);
    }
  }

  /** There is a way to a member past the wire. */
  linked(): void {
    // What comes by it waits for what was announced before: the other side learns how much that was.
    this.announce("linked", []);
  }

  /**
   * The way to a member past the wire broke, and what was on it is lost: each side says by the wire how it stands once it
   * sees that, for until then its answer may go where the question was lost.
   */
  unlinked(member: string): void {
    const peer = this.peers.get(member);
    if (peer !== undefined) this.say(peer, peer.standing() + (peer.size > 0 ? ASK : ""));
  }

  /** How many listen to what the wire brings a member. @throws where it does not answer */
  listeners(member: string): Promise<number> {
    return this.wire.listeners(this.channel(member));
  }

  private say(peer: Peer, text: string): void {
    peer.say(text);
    this.schedule();
  }

  private readonly due = (): void => this.schedule();

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    flushLater(this);
  }

  private hear(text: string): void {
    const frames = decodeFrames(text);
    const [sender, number, generation] = frames[0]?.fields ?? [];
    if (sender === this.self) return this.announcements.hearEcho(frames);
    if (sender !== undefined) this.hearFrames(sender, frames);
    // An announcement belongs to no acquaintance.
    if (sender !== undefined && generation === undefined) this.peers.get(sender)?.behind.announced(Number(number));
  }

  /** A message of a member that came past the wire. */
  hearDirect(member: string, text: string): void {
    const frames = decodeFrames(text);
    const [sender, , , , announced] = frames[0]?.fields ?? [];
    if (sender !== member || this.dead.has(member)) return;
    this.joined(member);
    this.peers.get(member)?.behind.add(frames, Number(announced));
  }

  /** `sender` is as it was found in the head: a text that was cut out anew is slow to look up. */
  private hearFrames(sender: string, frames: readonly Frame[]): void {
    const head = frames[0];
    const [, low, generation, answering, announced, takes = "0"] = head?.fields ?? [];
    if (head?.kind !== "h") return;
    // The dead that speak are heard again once who watches the members says that they live.
    if (this.dead.has(sender)) return;
    // Nothing is taken from before this node may have been taken for dead: others have given it a new way.
    if (this.fenced()) {
      this.missed = true;
      return;
    }
    this.joined(sender);
    const peer = this.peers.get(sender) as Peer;
    if (generation !== undefined && !peer.meets(Number(low), Number(generation))) return;
    if (announced !== undefined) peer.isRecent(Number(takes));
    const answers = Number(answering) === peer.generation;
    for (let i = 1; i < frames.length; i++) {
      const frame = frames[i] as Frame;
      // What is said of an earlier acquaintance's frames is not about these.
      if (!answers && ABOUT_OURS.has(frame.kind)) continue;
      try {
        this.hearFrame(sender, peer, frame);
      } catch (error) {
        this.log.error({ err: error, from: sender, kind: frame.kind }, "bus: a frame could not be taken");
      }
    }
  }

  private hearFrame(sender: string, peer: Peer, frame: Frame): void {
    if (frame.kind === "#") this.taking.hear(sender, peer, frame, this.due);
    else if (frame.kind === "!") this.announcements.hear(sender, frame.fields);
    else if (peer.hear(frame, failedIn(this.log, sender))) this.schedule();
  }

  private resumed(): void {
    for (const peer of this.peers.values()) if (peer.size > 0) this.say(peer, ASK);
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

function failedIn(log: Logger, member: string): OnError {
  return (error) => logFailure(log, error, "bus: what became of a frame could not be told", { member });
}
