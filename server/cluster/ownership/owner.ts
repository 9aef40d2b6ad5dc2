// The owner's side: claims a key, takes what is asked of it, and gives it up when another member is to have it.
import type { Logger } from "pino";
import type { Clock } from "../../../xmpp/clock.ts";
import { logFailure } from "../../observe/failure.ts";
import { NotOwner, type Owned, type OwnedKind, type OwnerRequest, type Term } from "../../ports/owned.ts";
import type { Terms } from "./terms.ts";

/** ms that a claim may take: the last owner gives up what it has, or is found dead. */
const CLAIMING = 20_000;
/** ms between two tries. */
const PAUSE = 50;
/** ms that an owner has to be done with what it took when it gives a key up. */
const ENDING = 10_000;

/** What became of a request: done, failed, or to be asked again of whoever is the owner. */
export type Outcome = { readonly kind: "done" | "failed"; readonly text: string } | { readonly kind: "again" };

const AGAIN: Outcome = { kind: "again" };

/** What owning rests on. */
export interface OwnerParts {
  readonly terms: Terms;
  readonly clock: Clock;
  readonly log: Logger;
  /** This process's name at the moment. */
  readonly member: () => string;
  /** True while this node may have been taken for dead without knowing. */
  readonly fenced: () => boolean;
  /** True for a member that is gone for good. @throws where nobody answers */
  readonly isGone: (member: string) => Promise<boolean>;
  /** Asks a member to give a key up; resolves once it has, or is gone. */
  readonly askToYield: (member: string, name: string, epoch: number) => Promise<void>;
  readonly tell: (member: string, name: string, epoch: number, text: string) => void;
}

interface Live {
  readonly term: OwnTerm;
  readonly owned: Owned;
}

/** A key that is claimed, owned, or being given up. */
interface Owning {
  readonly ready: Promise<Live>;
  readonly underWay: Set<Promise<unknown>>;
  /** Set once nothing more is taken. */
  ending: Promise<void> | undefined;
  /** Set once it is ready. */
  live: Live | undefined;
}

/** What this member owns, by kind and key. */
export class Owner {
  private readonly parts: OwnerParts;
  private readonly owning = new Map<string, Owning>();

  constructor(parts: OwnerParts) {
    this.parts = parts;
  }

  get size(): number {
    return this.owning.size;
  }

  /** Takes requests for a key that belongs to this member; those that came before are begun before. */
  async take(kind: OwnedKind, key: string, requests: readonly OwnerRequest[]): Promise<Outcome[]> {
    const owning = this.owning.get(nameOf(kind, key)) ?? this.begin(kind, key);
    let live: Live;
    try {
      live = await owning.ready;
    } catch (error) {
      logFailure(this.parts.log, error, "a key could not be owned", { kind: kind.name });
      return requests.map(() => AGAIN);
    }
    const outcomes = requests.map((request) => {
      const outcome = owning.ending === undefined ? takeOne(live, request) : Promise.resolve(AGAIN);
      owning.underWay.add(outcome);
      return outcome.finally(() => owning.underWay.delete(outcome));
    });
    const settled = await Promise.all(outcomes);
    if (settled.includes(AGAIN) && live.term.isOver) this.lose(nameOf(kind, key), owning);
    return settled;
  }

  /** True where this member has the key, whoever it belongs to by now. */
  owns(name: string): boolean {
    return this.owning.get(name)?.ending === undefined && this.owning.has(name);
  }

  /** Gives a key up, once what was taken is done. Resolves when another member may have it. */
  async yield(name: string, epoch: number): Promise<void> {
    const owning = this.owning.get(name);
    if (owning !== undefined) return this.end(name, owning);
    await this.parts.terms.release(name, epoch);
  }

  /** Gives up everything, or all of a kind. */
  async leave(kind?: OwnedKind): Promise<void> {
    const prefix = kind === undefined ? "" : nameOf(kind, "");
    const given = [...this.owning].filter(([name]) => name.startsWith(prefix));
    await Promise.all(given.map(([name, owning]) => this.end(name, owning)));
  }

  /** Others took this node for dead: whatever it owned is theirs. */
  loseAll(): void {
    for (const [name, owning] of this.owning) this.lose(name, owning);
  }

  private begin(kind: OwnedKind, key: string): Owning {
    const name = nameOf(kind, key);
    const owning: Owning = { ready: this.live(kind, key), underWay: new Set(), ending: undefined, live: undefined };
    this.owning.set(name, owning);
    owning.ready.then(
      (live) => {
        owning.live = live;
        // It was lost meanwhile.
        if (this.owning.get(name) !== owning) live.term.end();
      },
      () => {
        if (this.owning.get(name) === owning) this.owning.delete(name);
      },
    );
    return owning;
  }

  private async live(kind: OwnedKind, key: string): Promise<Live> {
    const name = nameOf(kind, key);
    const member = this.parts.member();
    const epoch = await this.claim(name, member);
    const leave = () => {
      const owning = this.owning.get(name);
      if (owning !== undefined) void this.end(name, owning);
    };
    const term = new OwnTerm(this.parts, { name, member, epoch, leave });
    try {
      return { term, owned: await kind.begin(key, term) };
    } catch (error) {
      term.end();
      await this.parts.terms.release(name, epoch).catch(() => {});
      throw error;
    }
  }

  /** The epoch with which this member owns the key. @throws NotOwner where another one keeps it for too long */
  private async claim(name: string, self: string): Promise<number> {
    const { terms, clock, isGone, askToYield } = this.parts;
    const end = clock.now() + CLAIMING;
    let over: number | undefined;
    while (clock.now() < end) {
      const claim = await terms.claim(name, self, over);
      if (claim.taken) return claim.epoch;
      over = claim.epoch;
      // One's own from before is over: its term ended without a word.
      if (claim.member === self || (await isGone(claim.member))) continue;
      await askToYield(claim.member, name, claim.epoch);
      await new Promise<void>((resolve) => clock.setTimeout(resolve, PAUSE));
    }
    throw new NotOwner();
  }

  private end(name: string, owning: Owning): Promise<void> {
    owning.ending ??= this.endOnce(name, owning);
    return owning.ending;
  }

  private async endOnce(name: string, owning: Owning): Promise<void> {
    const { log, clock, terms } = this.parts;
    const live = await owning.ready.catch(() => undefined);
    if (live === undefined) return;
    const inTime = new Promise<void>((resolve) => clock.setTimeout(resolve, ENDING));
    try {
      await Promise.race([Promise.allSettled(owning.underWay), inTime]);
      if (!live.term.isOver) await live.owned.end?.();
    } catch (error) {
      logFailure(log, error, "an owner could not end in order");
    }
    live.term.end();
    if (this.owning.get(name) === owning) this.owning.delete(name);
    await terms.release(name, live.term.epoch).catch((error: unknown) => logFailure(log, error, "a key is kept"));
  }

  private lose(name: string, owning: Owning): void {
    if (this.owning.get(name) === owning) this.owning.delete(name);
    owning.live?.term.end();
  }
}

interface TermParts {
  readonly name: string;
  readonly member: string;
  readonly epoch: number;
  readonly leave: () => void;
}

/** One member's term. */
class OwnTerm implements Term {
  readonly epoch: number;
  private readonly parts: OwnerParts;
  private readonly name: string;
  private readonly leaves: () => void;
  private readonly member: string;
  private readonly aborting = new AbortController();

  constructor(parts: OwnerParts, { name, member, epoch, leave }: TermParts) {
    this.parts = parts;
    this.name = name;
    this.member = member;
    this.epoch = epoch;
    this.leaves = leave;
  }

  get signal(): AbortSignal {
    return this.aborting.signal;
  }

  /** A node that may have been taken for dead is no owner, though nobody has told it yet. */
  get isOver(): boolean {
    if (this.parts.member() !== this.member || this.parts.fenced()) this.end();
    return this.signal.aborted;
  }

  check(): void {
    if (this.isOver) throw new NotOwner();
  }

  tell(member: string, text: string): void {
    this.check();
    this.parts.tell(member, this.name, this.epoch, text);
  }

  leave(): void {
    this.leaves();
  }

  end(): void {
    this.aborting.abort();
  }
}

async function takeOne({ term, owned }: Live, request: OwnerRequest): Promise<Outcome> {
  try {
    term.check();
    return { kind: "done", text: await owned.take(request) };
  } catch (error) {
    if (error instanceof NotOwner) {
      // What the store refused for its epoch tells it as well.
      term.end();
      return AGAIN;
    }
    return { kind: "failed", text: (error as Error).message };
  }
}

/** A kind's key among all. */
export function nameOf(kind: OwnedKind, key: string): string {
  return `${kind.name} ${key}`;
}
