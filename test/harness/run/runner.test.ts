// Which test files run beside which: harm beside harm alone, and what compares times beside nothing.
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { afterEach, expect, jest, test } from "@jest/globals";

const rootDir = join(import.meta.dirname, "../../..");

/** A test file, and the ms that it took the last time. */
interface Timed {
  readonly path: string;
  readonly duration?: number;
}

/** What is used of Jest's runner, and of ours. */
interface Runs {
  readonly _globalConfig: { readonly maxWorkers: number };
  runTests(tests: readonly Timed[], watcher: object, options: { readonly serial: boolean }): Promise<void>;
}
const Runner = createRequire(import.meta.url)("./runner.cjs") as {
  readonly prototype: Runs;
  new (globalConfig: object, context: object): Runs;
};
const jests = Object.getPrototypeOf(Runner.prototype) as Runs;

afterEach(() => void jest.restoreAllMocks());

/** Files of each stage, in the order of their start; those of a serial one wait for each other. */
async function stagesOf(...files: readonly string[]): Promise<readonly (readonly [string[], boolean])[]> {
  const stages: [string[], boolean][] = [];
  jest.spyOn(jests, "runTests").mockImplementation(async (tests, _watcher, { serial }) => {
    stages.push([tests.map(({ path }) => path.slice(rootDir.length + 1)), serial]);
  });
  const runner = new Runner({ rootDir }, {});
  await runner.runTests(
    files.map((file) => ({ path: join(rootDir, file) })),
    {},
    { serial: false },
  );
  return stages;
}

test("first what disturbs nobody, then harm with the longest files first, then times one by one", async () => {
  const stages = await stagesOf(
    "test/attacks/guessing.test.ts",
    "test/chaos/nodes.test.ts",
    "server/accounts/accounts.test.ts",
    "test/talks/talks.test.ts",
    "test/federation/peers/peers.test.ts",
    "test/chaos/gray-nodes.test.ts",
    "xmpp/stanza/stanza.test.ts",
  );
  expect(stages).toEqual([
    [["test/talks/talks.test.ts", "xmpp/stanza/stanza.test.ts"], false],
    [["test/chaos/gray-nodes.test.ts", "test/federation/peers/peers.test.ts", "test/chaos/nodes.test.ts"], false],
    [["test/attacks/guessing.test.ts", "server/accounts/accounts.test.ts"], true],
  ]);
});

test("what takes longest begins first, also where Jest does not know it yet; where it does, its order holds", async () => {
  const files = ["xmpp/stanza/stanza.test.ts", "test/world/start.test.ts", "test/storage/contract.test.ts"];
  expect(await stagesOf(...files)).toEqual([[files.toReversed(), false]]);
  const order = jest.spyOn(jests, "runTests").mockResolvedValue();
  const [stanza, start, contract] = files.map((file) => ({ path: join(rootDir, file), duration: 1 })) as [
    Timed,
    Timed,
    Timed,
  ];
  await new Runner({ rootDir }, {}).runTests([stanza, start, contract], {}, { serial: false });
  expect(order).toHaveBeenLastCalledWith([stanza, start, contract], {}, { serial: false });
  const unknown = { path: contract.path };
  await new Runner({ rootDir }, {}).runTests([stanza, { ...start, duration: 60_000 }, unknown], {}, { serial: false });
  expect(order).toHaveBeenLastCalledWith([{ ...start, duration: 60_000 }, unknown, stanza], {}, { serial: false });
});

test("one file more than there are cores at once, but where harm is done", async () => {
  const cores = availableParallelism();
  const at: number[] = [];
  jest.spyOn(jests, "runTests").mockImplementation(async function (this: Runs) {
    at.push(this._globalConfig.maxWorkers);
  });
  const files = ["test/world/start.test.ts", "test/chaos/nodes.test.ts"].map((file) => ({ path: join(rootDir, file) }));
  await new Runner({ rootDir, maxWorkers: cores + 1 }, {}).runTests(files, {}, { serial: false });
  expect(at).toEqual([cores + 1, cores]);
});

test("nothing is started for a stage without files", async () => {
  expect(await stagesOf("test/chaos/storm.test.ts")).toEqual([[["test/chaos/storm.test.ts"], false]]);
});
