// A host's place on the bus between nodes, to which its modules can come and go: the bus itself lets nobody go.
import type { FrameTaker, MemberObserver, NodeBus, Parcel } from "../ports/cluster.ts";
import { enter, type Registrations, type Withdraw } from "./registrations.ts";

type AnnouncementTaker = (from: string, fields: readonly string[]) => void;

/** The bus as the modules of one host share it. */
export class HostBus {
  private readonly bus: NodeBus;
  private readonly domain: string;
  private readonly frameTakers = new Map<string, FrameTaker>();
  private readonly announcementTakers = new Map<string, AnnouncementTaker>();
  /** Kinds that the bus brings here, for good. */
  private readonly known = new Set<string>();
  private readonly memberObservers = new Set<MemberObserver>();
  private readonly gapObservers = new Set<() => void>();

  constructor(bus: NodeBus, domain: string) {
    this.bus = bus;
    this.domain = domain;
    bus.onMember((...event) => {
      for (const observer of this.memberObservers) observer(...event);
    });
    bus.onGap(() => {
      for (const observer of this.gapObservers) observer();
    });
  }

  /** All that is registered, in words. */
  get registered(): readonly string[] {
    return [
      ...[...this.frameTakers.keys()].map((kind) => `frames ${kind}`),
      ...[...this.announcementTakers.keys()].map((kind) => `announcements ${kind}`),
      `observers of members ${this.memberObservers.size}`,
      `observers of gaps ${this.gapObservers.size}`,
    ];
  }

  /**
   * The bus for one module: what it takes, it takes until it is over. Its words are its own: at other nodes the same module
   * of the same host hears them, and nobody else.
   */
  of(registrations: Registrations): NodeBus {
    const { bus, domain } = this;
    const own = (word: string) => `${word} ${registrations.module}@${domain}`;
    return {
      get member() {
        return bus.member;
      },
      get others() {
        return bus.others;
      },
      send: (member, frame) => bus.send(member, { ...frame, kind: own(frame.kind) }),
      post: (member, parcel) => bus.post(member, ownParcel(parcel, own(parcel.kind))),
      announce: (kind, fields) => {
        bus.announce(own(kind), fields);
        // What a module that is over still does its successor here is to hear as the other nodes do.
        if (registrations.over) this.announcementTakers.get(own(kind))?.(bus.member, fields);
      },
      barrier: () => bus.barrier(),
      congested: (member) => bus.congested(member),
      take: (kind, taker) => void registrations.add(this.take(own(kind), taker)),
      onAnnouncement: (kind, taker) => void registrations.add(this.onAnnouncement(own(kind), taker)),
      onMember: (observer) => void registrations.add(addToSet(this.memberObservers, observer)),
      onGap: (observer) => void registrations.add(addToSet(this.gapObservers, observer)),
    };
  }

  /** A frame that comes while nobody takes its kind goes back to its sender. */
  private take(kind: string, taker: FrameTaker): Withdraw {
    if (this.frameTakers.has(kind)) throw new Error(`frames of kind ${kind} have a taker already`);
    if (this.isNew(`frame ${kind}`))
      this.bus.take(kind, (...frame) => {
        const current = this.frameTakers.get(kind);
        if (current === undefined) throw new Error(`nobody takes frames of kind ${kind} any more`);
        current(...frame);
      });
    return enter(this.frameTakers, kind, taker);
  }

  private onAnnouncement(kind: string, taker: AnnouncementTaker): Withdraw {
    if (this.announcementTakers.has(kind)) throw new Error(`announcements of kind ${kind} have a taker already`);
    if (this.isNew(`announcement ${kind}`))
      this.bus.onAnnouncement(kind, (from, fields) => this.announcementTakers.get(kind)?.(from, fields));
    return enter(this.announcementTakers, kind, taker);
  }

  private isNew(name: string): boolean {
    const { size } = this.known;
    return this.known.add(name).size > size;
  }
}

/** The same parcel by another word. */
function ownParcel(parcel: Parcel, kind: string): Parcel {
  return {
    kind,
    fields: (texts) => parcel.fields(texts),
    confirmed: () => parcel.confirmed(),
    failed: (reason) => parcel.failed(reason),
  };
}

function addToSet<T>(set: Set<T>, member: T): Withdraw {
  set.add(member);
  return () => void set.delete(member);
}
