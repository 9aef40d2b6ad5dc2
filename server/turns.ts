// Work in turns: what concerns one key runs one after the other, what concerns others does not wait.

/** Chains of work by key; a key is forgotten once nothing of it runs. */
export class Turns {
  private readonly last = new Map<string, Promise<unknown>>();

  /** Runs `work` after all that came before under `key`, whether or not that failed. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.last.set(key, mine);
    const forget = () => {
      if (this.last.get(key) === mine) this.last.delete(key);
    };
    mine.then(forget, forget);
    return mine;
  }

  /** Keys with work under way. */
  get size(): number {
    return this.last.size;
  }
}
