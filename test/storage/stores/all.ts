// The suite of each store, by the store's name: run over every backend that its definition has a way for.
import type { Backend } from "../backends.ts";
import { accountsContract } from "./accounts.ts";
import { accountsApartContract, accountsMadeMeanwhileContract } from "./accounts-apart.ts";
import { documentsContract } from "./documents.ts";
import { heldContract, heldCrashContract, heldSharedContract } from "./held.ts";
import { offlineContract } from "./offline.ts";
import { contactsContract, contactsSharedContract } from "./roster-contacts.ts";
import { rostersContract } from "./rosters.ts";

/** What a store promises. */
export interface Suite {
  /** On each backend. */
  readonly alone: readonly ((backend: Backend) => void)[];
  /** Of several nodes at one database, and after a restart. */
  readonly shared?: readonly ((backend: Backend) => void)[];
  /** On a database server: it may be killed, and its transactions wait for one another. */
  readonly ofServers?: readonly ((backend: Backend) => void)[];
}

/** One for each store of a node; that there is one is a test. */
export const SUITES: Readonly<Record<string, Suite>> = {
  accounts: { alone: [accountsContract], shared: [accountsApartContract], ofServers: [accountsMadeMeanwhileContract] },
  documents: { alone: [documentsContract] },
  held: { alone: [heldContract], shared: [heldSharedContract], ofServers: [heldCrashContract] },
  offline: { alone: [offlineContract] },
  rosters: { alone: [rostersContract, contactsContract], shared: [contactsSharedContract] },
};
