// Node buses joined in memory: frames arrive in order, a turn later; members come and die when a test says so.
import type {
  BusFailure,
  FrameTaker,
  FrameToSend,
  MemberObserver,
  NodeBus,
  Parcel,
} from "../../server/ports/cluster.ts";
import { turns } from "./manual-clock.ts";

type AnnouncementTaker = (from: string, fields: readonly string[]) => void;

/** The members of one cluster. */
export class JoinedBuses {
  readonly members = new Map<string, JoinedBus>();
  /** Frames that arrived, as `from>to kind`. */
  readonly seen: string[] = [];

  /** A new member, which is told to the others. */
  join(name: string): JoinedBus {
    const bus = new JoinedBus(name, this);
    const others = [...this.members.values()];
    this.members.set(name, bus);
    for (const other of others) {
      other.tell(name, "joined");
      bus.tell(other.member, "joined");
    }
    return bus;
  }

  /** A member dies: frames to it are given back, once observers know. */
  die(name: string): void {
    this.members.delete(name);
    for (const bus of this.members.values()) {
      bus.tell(name, "died");
      bus.giveBack(name, "died");
    }
  }

  /** A member that is alone goes on as another. */
  rename(bus: JoinedBus, name: string): void {
    this.members.delete(bus.member);
    bus.member = name;
    this.members.set(name, bus);
  }

  /** Lets frames arrive, and what they bring about. */
  settle(): Promise<void> {
    return turns(12);
  }
}

interface Waiting {
  readonly member: string;
  readonly failed: (reason: BusFailure) => void;
}

/** One member's bus. */
export class JoinedBus implements NodeBus {
  member: string;
  /** Nothing more is taken for others. */
  full = false;
  private readonly cluster: JoinedBuses;
  private readonly takers = new Map<string, FrameTaker>();
  private readonly announcementTakers = new Map<string, AnnouncementTaker>();
  private readonly observers: MemberObserver[] = [];
  private readonly gapObservers: (() => void)[] = [];
  private readonly waiting = new Set<Waiting>();

  constructor(member: string, cluster: JoinedBuses) {
    this.member = member;
    this.cluster = cluster;
  }

  get others(): readonly string[] {
    return [...this.cluster.members.keys()].filter((name) => name !== this.member);
  }

  take(kind: string, taker: FrameTaker): void {
    if (this.takers.has(kind)) throw new Error(`${kind} is taken`);
    this.takers.set(kind, taker);
  }

  send(member: string, { kind, fields, confirmed, failed }: FrameToSend): void {
    if (this.full) return failed("full");
    if (!this.cluster.members.has(member)) return failed("died");
    const waiting = { member, failed };
    this.waiting.add(waiting);
    setImmediate(() => {
      const there = this.cluster.members.get(member);
      if (there === undefined || this.cluster.members.get(this.member) !== this) return;
      this.cluster.seen.push(`${this.member}>${member} ${kind}`);
      there.takers.get(kind)?.(this.member, fields, () => {
        if (this.waiting.delete(waiting)) confirmed();
      });
    });
  }

  post(member: string, parcel: Parcel): void {
    this.send(member, {
      kind: parcel.kind,
      fields: parcel.fields(true),
      confirmed: () => parcel.confirmed(),
      failed: (reason) => parcel.failed(reason),
    });
  }

  announce(kind: string, fields: readonly string[]): void {
    setImmediate(() => {
      if (this.cluster.members.get(this.member) !== this) return;
      for (const other of this.cluster.members.values())
        if (other !== this) other.announcementTakers.get(kind)?.(this.member, fields);
    });
  }

  barrier(): undefined {
    return undefined;
  }

  congested(): boolean {
    return this.full;
  }

  onMember(observer: MemberObserver): void {
    this.observers.push(observer);
  }

  onGap(observer: () => void): void {
    this.gapObservers.push(observer);
  }

  /** It may have missed announcements. */
  gap(): void {
    for (const observer of this.gapObservers) observer();
  }

  onAnnouncement(kind: string, taker: AnnouncementTaker): void {
    if (this.announcementTakers.has(kind)) throw new Error(`${kind} is taken`);
    this.announcementTakers.set(kind, taker);
  }

  tell(member: string, state: "joined" | "died"): void {
    for (const observer of this.observers) observer(member, state, false);
  }

  giveBack(member: string, reason: BusFailure): void {
    for (const waiting of [...this.waiting])
      if (waiting.member === member && this.waiting.delete(waiting)) waiting.failed(reason);
  }
}
