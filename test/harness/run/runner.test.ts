// Which test files run beside which: harm beside harm alone, and what compares times beside nothing.
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterEach, expect, jest, test } from "@jest/globals";

const rootDir = join(import.meta.dirname, "../../..");

/** What is used of Jest's runner, and of ours. */
interface Runs {
  runTests(
    tests: readonly { readonly path: string }[],
    watcher: object,
    options: { readonly serial: boolean },
  ): Promise<void>;
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

test("nothing is started for a stage without files", async () => {
  expect(await stagesOf("test/chaos/storm.test.ts")).toEqual([[["test/chaos/storm.test.ts"], false]]);
});
