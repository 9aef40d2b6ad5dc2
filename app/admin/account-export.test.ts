// An export over the admin socket: as fast as it is read, never taken for whole where it is not, and over with its reader.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Failure } from "../../contract/told.ts";
import type { ExportedRecord } from "../../server/index.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import { actionsOfNode, answerAccounts } from "./account-routes.ts";
import type { AccountActions } from "./accounts.ts";
import { send, serveOnSocket } from "./socket.ts";

const ROMEO = Jid.parse("romeo@verona.test");
/** More than a socket and a page of memory take at once. */
const LARGE = "é".repeat(300_000);

let folder: string;
let node: { close(): Promise<void> } | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "meridian-export-"));
});
afterEach(async () => {
  await node?.close();
  node = undefined;
  rmSync(folder, { recursive: true });
});

const record = (n: number): ExportedRecord => ({ store: "documents", record: { n, text: LARGE } });

/** The export of a node that reads its stores like this. */
async function exportOf(exported: AccountActions["exported"]): Promise<AsyncIterable<ExportedRecord>> {
  const path = join(folder, "node.sock");
  const actions = { exported } as AccountActions;
  node = await serveOnSocket(path, async (request, response) => {
    if (!(await answerAccounts(actions, request, response))) send(response, 404, {});
  });
  return actionsOfNode(path).exported(ROMEO);
}

/** What comes until it ends or fails. */
async function read(lines: AsyncIterable<ExportedRecord>): Promise<{ records: ExportedRecord[]; error?: unknown }> {
  const records: ExportedRecord[] = [];
  try {
    for await (const line of lines) records.push(line);
  } catch (error) {
    return { records, error };
  }
  return { records };
}

test("every record comes whole, of the account that was asked for", async () => {
  const lines = await exportOf(async function* (jid) {
    yield { store: "accounts", record: { local: jid.bare } };
    for (let n = 0; n < 5; n++) yield record(n);
  });
  const all = [0, 1, 2, 3, 4].map(record);
  expect(await read(lines)).toEqual({ records: [{ store: "accounts", record: { local: ROMEO.bare } }, ...all] });
});

test("nothing at all is no line", async () => {
  expect(await read(await exportOf(async function* () {}))).toEqual({ records: [] });
});

test("what fails before the first record is told as it was", async () => {
  const lines = await exportOf(() => ({
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Failure("there is no account")) }),
  }));
  expect(await read(lines)).toEqual({ records: [], error: new Failure("there is no account") });
});

test("what fails later is told too, and what came is not taken for the whole", async () => {
  const lines = await exportOf(async function* () {
    yield record(1);
    throw new Failure("the store is away");
  });
  const { error } = await read(lines);
  expect(error).toEqual(new Failure("the node ended its answer before it was whole"));
});

test("a reader that goes away ends the reading of the stores", async () => {
  let given = 0;
  const over = Promise.withResolvers<void>();
  const lines = await exportOf(async function* () {
    try {
      for (;;) yield record(given++);
    } finally {
      over.resolve();
    }
  });
  for await (const _ of lines) break;
  await over.promise;
  expect(given).toBeLessThan(100);
});
