// One value for each account, kept in memory over its store: read once, forgotten when another node changes it.
import type { Clock } from "../../../xmpp/clock.ts";
import type { Change, NodeBus, Shared, SharedOptions } from "../../ports/cluster.ts";
import type { Exclusive, Section } from "../../ports/exclusive.ts";
import { StoreUnavailable } from "../../ports/store.ts";
import { Kept } from "./kept.ts";

/** ms for which nothing is kept of an account whose write was given up: the store may commit it yet, and tells nobody. */
const UNSURE = 30_000;
/** Such accounts, after which those whose time is over are let go of. */
const MANY_UNSURE = 1_000;

/** What a view rests on. */
export interface SharedParts {
  /** Whose accounts these are. */
  readonly domain: string;
  readonly bus: NodeBus;
  readonly exclusive: Exclusive;
  readonly clock: Clock;
  /** True for an account that is connected to this node: what is kept of it stays. */
  readonly isHere: (local: string) => boolean;
}

/** The view of one node. */
export class SharedView<T> implements Shared<T> {
  private readonly parts: SharedParts;
  private readonly options: SharedOptions<T>;
  private readonly kept: Kept<T>;
  /** Values being read; one that was changed meanwhile is no longer here, and what was read is not kept. */
  private readonly loading = new Map<string, Promise<T>>();
  /** Until when an account is unsure. */
  private readonly unsure = new Map<string, number>();
  private closed = false;

  constructor(parts: SharedParts, options: SharedOptions<T>) {
    this.parts = parts;
    this.options = options;
    this.kept = new Kept(parts.isHere);
    parts.bus.onGap(() => {
      this.kept.clear();
      this.loading.clear();
    });
    parts.bus.onAnnouncement(this.kind, (_from, [local = "", unsure = ""]) => this.drop(local, unsure !== ""));
  }

  of(local: string): T | Promise<T> {
    return this.kept.get(local) ?? this.load(local);
  }

  change<R>(local: string, work: (change: Change<T>) => Promise<R>): Promise<R> {
    return this.parts.exclusive.run(`${this.kind} ${local}`, async (section) => {
      // What another node has told just now may be on its way.
      if (this.parts.bus.others.length > 0) this.drop(local, false);
      return work(new Changing(this, local, section, await this.of(local)));
    });
  }

  /** Nothing is kept from now on: changes that are under way read anew, and are told as ever. */
  close(): void {
    this.closed = true;
    this.kept.clear();
    this.loading.clear();
  }

  /** An account's value is to be read anew, at every node. */
  forget(local: string): void {
    this.drop(local, false);
    this.parts.bus.announce(this.kind, [local]);
  }

  /** The value is this one from now on, and the other nodes read it anew. */
  changed(local: string, value: T): void {
    this.forget(local);
    this.keep(local, value);
  }

  /** A write was given up: nobody knows what the value is until it has come about, or never will. */
  doubt(local: string): void {
    this.drop(local, true);
    this.parts.bus.announce(this.kind, [local, "unsure"]);
  }

  private get kind(): string {
    return `${this.options.name} ${this.parts.domain}`;
  }

  private drop(local: string, unsure: boolean): void {
    this.kept.delete(local);
    // Those too that are reading it now.
    this.loading.delete(local);
    if (unsure) this.doubtUntil(local, this.parts.clock.now() + UNSURE);
  }

  private load(local: string): Promise<T> {
    const known = this.loading.get(local);
    if (known !== undefined) return known;
    const reading = this.options.load(local).then((value) => {
      if (this.loading.get(local) === reading) this.keep(local, value);
      return value;
    });
    this.loading.set(local, reading);
    const done = () => {
      if (this.loading.get(local) === reading) this.loading.delete(local);
    };
    reading.then(done, done);
    return reading;
  }

  private keep(local: string, value: T): void {
    if (!this.closed && !this.isUnsure(local)) this.kept.set(local, value, this.options.cost(value));
  }

  private isUnsure(local: string): boolean {
    const until = this.unsure.get(local);
    if (until === undefined) return false;
    if (until > this.parts.clock.now()) return true;
    this.unsure.delete(local);
    return false;
  }

  private doubtUntil(local: string, until: number): void {
    if (this.unsure.size >= MANY_UNSURE) for (const other of this.unsure.keys()) this.isUnsure(other);
    this.unsure.set(local, until);
  }
}

/** What has the exclusive right to an account's value. */
class Changing<T> implements Change<T> {
  value: T;
  private readonly view: SharedView<T>;
  private readonly local: string;
  private readonly section: Section;

  constructor(view: SharedView<T>, local: string, section: Section, value: T) {
    this.view = view;
    this.local = local;
    this.section = section;
    this.value = value;
  }

  async write<R>(store: () => Promise<R>, apply: (stored: R) => T): Promise<R> {
    this.section.check();
    try {
      const stored = await store();
      // Too late: others may have written since.
      this.section.check();
      this.value = apply(stored);
      this.view.changed(this.local, this.value);
      return stored;
    } catch (error) {
      // Anything but a store that says so itself may have come about.
      if (error instanceof StoreUnavailable && !error.undecided) this.view.forget(this.local);
      else this.view.doubt(this.local);
      throw error;
    }
  }
}
