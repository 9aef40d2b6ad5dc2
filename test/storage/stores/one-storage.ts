// What most suites of a store begin with: one storage for all their tests, and accounts that no other test has.
import { afterAll, beforeAll } from "@jest/globals";
import { type Backend, Opened, type Storage } from "../backends.ts";

/** One storage of a suite, open from its first test to behind its last. */
export class OneStorage {
  /** For tests that need another one as well; closed with the suite. */
  readonly opened = new Opened();
  private storage: Storage | undefined;
  private names = 0;

  constructor(backend: Backend) {
    beforeAll(async () => {
      this.storage = await this.opened.open(await backend.fresh());
    });
    afterAll(() => this.opened.closeAll());
  }

  /** The stores. @throws Error before the first test */
  get stores(): Storage {
    if (this.storage === undefined) throw new Error("the storage is not open yet");
    return this.storage;
  }

  /** A local part nobody used yet. */
  readonly local = (): string => {
    this.names += 1;
    return `user${this.names}`;
  };
}
