// The store of the notes module: what it promises, and how it is kept in SQL and in memory.
import type { StoreAccount } from "../../server/ports/store.ts";
import { checkAccount, checkText, compareKeys } from "../../server/storage/backend/text.ts";
import { defineStore } from "../../server/storage/define.ts";
import { ByAccount } from "../../server/storage/memory/by-account.ts";
import type { MemoryStore } from "../../server/storage/memory/way.ts";
import { rows } from "../../server/storage/sql/engine.ts";
import type { Migration } from "../../server/storage/sql/migration.ts";
import { bind, statement } from "../../server/storage/sql/statement.ts";
import type { SqlParts, SqlStore } from "../../server/storage/sql/way.ts";
import { insertOrUpdate } from "../../server/storage/sql/words.ts";

/** Bytes of a note's name: part of its key, which every database bounds. */
export const NAME_BYTES = 255;
/** Bytes of a note. */
const NOTE_BYTES = 10_000;

/** A note. */
export interface Note {
  readonly name: string;
  readonly text: string;
}

/** Notes of accounts, as what keeps them promises (`port.ts`). */
export interface NoteStore {
  /** Keeps a note in place of the one of that name; false where the account has `limit` others. @throws UnstorableText */
  put(account: StoreAccount, note: Note, limit: number): Promise<boolean>;
  /** In order of their names, compared by bytes. */
  all(domain: string, local: string): Promise<Note[]>;
}

/** @throws UnstorableText for what no database would keep exactly */
function checkNote({ domain, local }: StoreAccount, { name, text }: Note): void {
  checkAccount(domain, local);
  checkText(name, "name of a note", NAME_BYTES);
  checkText(text, "note", NOTE_BYTES);
}

/** The first step of its tables (`migrations/0001-notes.ts`): never edited once it was released. */
const notesTable: Migration = {
  name: "notes",
  statements: ({ key, text, clustered }) => [
    `create table if not exists notes (domain ${key(1023)} not null, local_part ${key(1023)} not null,
      name ${key(255)} not null, text ${text} not null, primary key (domain, local_part, name)) ${clustered}`,
  ],
};

/** In SQL (`sql.ts`): one text for every dialect. */
function sqlNotes({ engine }: SqlParts): SqlStore<NoteStore> {
  const { dialect } = engine;
  const ofAccount = "from notes where domain = :domain and local_part = :local";
  const all = statement<Account, Note>(dialect, "notes.all", `select name, text ${ofAccount} order by name`);
  const others = statement<Account & { name: string }, { n: number }>(
    dialect,
    "notes.others",
    `select count(*) as n ${ofAccount} and name <> :name`,
  );
  const into = "notes (domain, local_part, name, text) values (:domain, :local, :name, :text)";
  const put = statement<Account & { name: string; text: string }, never>(
    dialect,
    "notes.put",
    insertOrUpdate(dialect, into, "domain, local_part, name", "text = :text"),
  );
  const purge = statement<Account, never>(dialect, "notes.purge", `delete ${ofAccount}`);
  return {
    store: {
      async put(account, note, limit) {
        checkNote(account, note);
        const { domain, local } = account;
        function* work() {
          const [counted] = yield* rows(bind(others, { domain, local, name: note.name }));
          if (Number(counted?.n) >= limit) return false;
          yield bind(put, { domain, local, name: note.name, text: note.text });
          return true;
        }
        // Done twice it gives the same state and the same answer, since only other notes are counted.
        return engine.write(work, { idempotent: true });
      },
      async all(domain, local) {
        checkAccount(domain, local);
        return engine.read(bind(all, { domain, local }));
      },
    },
    *purge({ domain, local }) {
      yield bind(purge, { domain, local });
    },
  };
}

type Account = { domain: string; local: string };

/** In memory (`memory.ts`). */
function memoryNotes(): MemoryStore<NoteStore> {
  const kept = new ByAccount<Map<string, string>>();
  return {
    store: {
      async put(account, note, limit) {
        checkNote(account, note);
        const notes = kept.need(account.domain, account.local, () => new Map());
        if (notes.size - Number(notes.has(note.name)) >= limit) return false;
        notes.set(note.name, note.text);
        return true;
      },
      async all(domain, local) {
        const notes = [...(kept.get(domain, local) ?? [])].map(([name, text]) => ({ name, text }));
        return notes.sort((a, b) => compareKeys(a.name, b.name));
      },
    },
    purge: (account) => void kept.delete(account),
  };
}

/** The store (`store.ts`). */
export const NOTES = defineStore<NoteStore>({
  name: "notes",
  sql: { migrations: [notesTable], make: sqlNotes },
  memory: { make: memoryNotes },
  async *exported(notes, { domain, local }) {
    yield* await notes.all(domain, local);
  },
});
