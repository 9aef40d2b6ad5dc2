// The contract of stores, over memory, SQLite, PostgreSQL and MariaDB.
import { afterAll, beforeAll } from "@jest/globals";
import { needing } from "../harness/needing.ts";
import { backends } from "./backends.ts";
import { contactsContract, contactsSharedContract } from "./contacts.ts";
import { storesContract } from "./contract.ts";
import { textsContract } from "./contract-texts.ts";
import { heldContract, heldCrashContract, heldSharedContract } from "./held.ts";
import { outageContract } from "./outage.ts";
import { sharedContract } from "./shared.ts";

for (const backend of backends) {
  needing(...backend.needs).describe(`storage on ${backend.name}`, () => {
    beforeAll(() => backend.prepare());
    afterAll(() => backend.end());
    storesContract(backend);
    textsContract(backend);
    heldContract(backend);
    contactsContract(backend);
    if (backend.persistent) {
      sharedContract(backend);
      heldSharedContract(backend);
      contactsSharedContract(backend);
    }
    if (backend.name === "postgres" || backend.name === "mariadb") {
      outageContract(backend);
      heldCrashContract(backend);
    }
  });
}
