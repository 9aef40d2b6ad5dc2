// A kind of owned keys for tests: a log whose owner gives each entry its place, over a store that knows epochs.
import { NotOwner, type Owned, type OwnedKind, type OwnerRequest, type Term } from "../../server/ports/owned.ts";
import { turns } from "./manual-clock.ts";

/** An entry as stored. */
export interface Entry {
  readonly id: string;
  readonly text: string;
  readonly epoch: number;
}

/** Logs by key. What comes with an older epoch than the one that is there is refused. */
export class LogStore {
  private readonly logs = new Map<string, { epoch: number; readonly entries: Entry[] }>();
  /** Called before an entry is looked at: what it waits for is the store's slowness. */
  delay: (entry: Entry) => Promise<unknown> = () => turns(1);
  refused = 0;

  of(key: string): readonly Entry[] {
    return this.logs.get(key)?.entries ?? [];
  }

  /** From now on nothing of an older epoch is taken. @throws NotOwner */
  open(key: string, epoch: number): readonly Entry[] {
    const log = this.logs.get(key) ?? { epoch, entries: [] };
    this.logs.set(key, log);
    if (epoch < log.epoch) throw new NotOwner();
    log.epoch = epoch;
    return [...log.entries];
  }

  /** @throws NotOwner */
  async append(key: string, entry: Entry): Promise<void> {
    await this.delay(entry);
    const log = this.logs.get(key);
    if (log === undefined || entry.epoch < log.epoch) {
      this.refused++;
      throw new NotOwner();
    }
    log.entries.push(entry);
  }
}

/** The kind, over a store that all members share. */
export function orderedLog(store: LogStore, told: (key: string, text: string) => void = () => {}): OwnedKind {
  return {
    name: "log",
    begin: async (key, term) => {
      await turns(1);
      return new LogOwner(store, key, term);
    },
    told,
  };
}

class LogOwner implements Owned {
  private readonly store: LogStore;
  private readonly key: string;
  private readonly term: Term;
  /** Places by id: what is there already is not done again. */
  private readonly places = new Map<string, Promise<string>>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(store: LogStore, key: string, term: Term) {
    this.store = store;
    this.key = key;
    this.term = term;
    for (const [place, { id }] of store.open(key, term.epoch).entries())
      this.places.set(id, Promise.resolve(String(place)));
  }

  take(request: OwnerRequest): Promise<string> {
    const known = this.places.get(request.id);
    if (known !== undefined) return known;
    const place = this.places.size;
    const stored = this.last.then(() => this.keep(request, place));
    this.last = stored;
    this.places.set(request.id, stored);
    // Whoever asked has the failure.
    stored.catch(() => {});
    return stored;
  }

  private async keep({ id, text }: OwnerRequest, place: number): Promise<string> {
    this.term.check();
    await this.store.append(this.key, { id, text, epoch: this.term.epoch });
    return String(place);
  }
}
