// The contract of stores, over memory, SQLite, PostgreSQL and MariaDB.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { backends } from "./backends.ts";
import { storesContract } from "./contract.ts";
import { heldContract, heldCrashContract, heldSharedContract } from "./held.ts";
import { outageContract } from "./outage.ts";
import { sharedContract } from "./shared.ts";

for (const backend of backends) {
  describe(`storage on ${backend.name}`, () => {
    if (backend.missing !== undefined) {
      const title = `is tried where its programs are installed: ${backend.missing}`;
      if (process.env.CI === undefined) test.skip(title, () => {});
      else test(title, () => expect(backend.missing).toBeUndefined());
      return;
    }
    beforeAll(() => backend.prepare());
    afterAll(() => backend.end());
    storesContract(backend);
    heldContract(backend);
    if (backend.persistent) {
      sharedContract(backend);
      heldSharedContract(backend);
    }
    if (backend.name === "postgres" || backend.name === "mariadb") {
      outageContract(backend);
      heldCrashContract(backend);
    }
  });
}
