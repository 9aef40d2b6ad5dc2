// Metrics of modules: named after their module, one for all hosts, bounded in series, gone with the last that has them.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { NoSettings } from "../../contract/modules/index.ts";
import { FakeHost } from "../../test/harness/fake-host.ts";
import { defineModule } from "../module/define.ts";
import type { Metric } from "../ports/metrics.ts";
import { NodeMetrics } from "./metrics.ts";
import { ModuleMetrics } from "./module-metrics.ts";

const OUTCOME = { outcome: ["done", "failed"] } as const;
const UPLOADS = { kind: "counter", name: "uploads", help: "Uploads.", labels: OUTCOME } as const;
const OPEN = { kind: "gauge", name: "open_rooms", help: "Rooms that are open." } as const;

let node: NodeMetrics;
let metrics: ModuleMetrics;
const verona = { module: "upload", domain: "verona.test" };
const mantua = { module: "upload", domain: "mantua.test" };

beforeEach(() => {
  node = new NodeMetrics();
  metrics = new ModuleMetrics(node);
});

afterEach(() => node.close());

const read = async () =>
  (await (await node.registry()).metrics()).split("\n").filter((line) => line.startsWith("meridian_upload_"));

test("every series is read, host by host, from 0 on, until its module is over at that host", async () => {
  const { metric, withdraw } = metrics.declare(verona, UPLOADS);
  const other = metrics.declare(mantua, UPLOADS);
  metric.with({ outcome: "done" }).add();
  metric.with({ outcome: "done" }).add(2);
  other.metric.with({ outcome: "failed" }).add();
  const line = (host: string, outcome: string, value: number) =>
    `meridian_upload_uploads_total{host="${host}",outcome="${outcome}"} ${value}`;
  expect(await read()).toEqual([
    line("verona.test", "done", 3),
    line("verona.test", "failed", 0),
    line("mantua.test", "done", 0),
    line("mantua.test", "failed", 1),
  ]);
  withdraw();
  withdraw();
  expect(await read()).toHaveLength(2);
  other.withdraw();
  expect(await read()).toEqual([]);
  const again = metrics.declare(verona, UPLOADS);
  expect(await read()).toEqual([line("verona.test", "done", 0), line("verona.test", "failed", 0)]);
  again.withdraw();
});

test("a gauge goes up and down, a counter only grows", async () => {
  const { metric: open } = metrics.declare(verona, OPEN);
  open.set(5);
  open.add(-2);
  expect(await read()).toEqual(['meridian_upload_open_rooms{host="verona.test"} 3']);
  const { metric: uploads } = metrics.declare(verona, UPLOADS);
  const done = uploads.with({ outcome: "done" });
  expect(() => done.add(-1)).toThrow("only grows");
  expect(() => done.set(1)).toThrow("only grows");
});

test("what is not declared, or would be too much, is refused", () => {
  const { metric } = metrics.declare(verona, UPLOADS) as { metric: Metric };
  expect(() => metric.add()).toThrow("has no {}");
  expect(() => metric.with({ outcome: "somebody@else.test" })).toThrow("has no");
  expect(() => metrics.declare(verona, UPLOADS)).toThrow("declared already");
  expect(() => metrics.declare(mantua, { ...UPLOADS, labels: { outcome: ["done"] } })).toThrow("declared otherwise");
  for (const name of ["Uploads", "a b", "_a", ""])
    expect(() => metrics.declare(verona, { ...OPEN, name })).toThrow(name);
  const many = Array.from({ length: 11 }, (_, at) => `v${at}`);
  expect(() => metrics.declare(verona, { ...OPEN, labels: { a: many, b: many } })).toThrow("more than 100 series");
  expect(() => metrics.declare(verona, { ...OPEN, labels: { host: ["x"] } })).toThrow("host");
});

test("a module has it by its host, and it is gone with the module", async () => {
  let uploads: Metric | undefined;
  const upload = defineModule({
    name: "upload",
    implements: [],
    config: NoSettings,
    activate(host) {
      uploads = host.metric(UPLOADS);
    },
  });
  const fake = await FakeHost.with([]);
  const before = fake.registered();
  await fake.become([upload]);
  uploads?.with({ outcome: "failed" }).add();
  expect(fake.metrics()).toEqual({
    "meridian_upload_uploads_total verona.test done": 0,
    "meridian_upload_uploads_total verona.test failed": 1,
  });
  await fake.become([]);
  expect(fake.registered()).toEqual(before);
});
