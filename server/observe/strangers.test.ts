// Whoever reaches a port of ours writes no more into the log than his share, and what was left out is counted.
import { expect, test } from "@jest/globals";
import pino from "pino";
import { ManualClock } from "../../test/harness/manual-clock.ts";
import { StrangersLog } from "./strangers.ts";

function watched() {
  const lines: Record<string, unknown>[] = [];
  const clock = new ManualClock(1_000_000);
  const strangers = new StrangersLog(
    pino({ level: "info" }, { write: (line) => void lines.push(JSON.parse(line)) }),
    clock,
  );
  const tell = (times: number, peer: string, name: (i: number) => string) => {
    const before = lines.length;
    for (let i = 0; i < times; i++) strangers.tell({ peer, name: name(i) }, { from: name(i) }, "refused");
    return lines.length - before;
  };
  return { lines, clock, strangers, tell };
}

test("one name, and one network with all its names and addresses, has so many lines a minute", async () => {
  const { lines, clock, tell } = watched();
  expect(tell(100, "192.0.2.1", () => "evil.test")).toBe(10);
  expect(tell(5, "192.0.2.2", () => "good.test")).toBe(5);
  expect(tell(100, "192.0.2.3", (i) => `x${i}.test`)).toBe(25);
  // Others have their own.
  expect(tell(5, "198.51.100.1", () => "good.test")).toBe(5);
  expect(tell(100, "2001:db8:0:1::1", () => "evil.test")).toBe(10);
  expect(tell(100, "2001:db8:0:2::1", (i) => `x${i}.test`)).toBe(30);
  expect(lines.filter(({ msg }) => msg !== "refused")).toEqual([]);
  lines.length = 0;
  await clock.advance(60_000);
  expect(lines).toMatchObject([
    { level: 30, network: "192.0.2", left: 165, msg: "lines about strangers were left out" },
    { level: 30, network: "2001:db8:0", left: 160 },
  ]);
  expect(tell(100, "192.0.2.1", () => "evil.test")).toBe(10);
});

test("networks are told apart up to a bound: beyond it they have one share together", async () => {
  const { clock, lines, tell } = watched();
  for (let i = 0; i < 1_000; i++) expect(tell(1, `10.${i >> 8}.${i & 255}.1`, () => "a.test")).toBe(1);
  let told = 0;
  for (let i = 0; i < 1_000; i++) told += tell(1, `172.16.${i & 255}.1`, () => `x${i}.test`);
  expect(told).toBe(40);
  expect(tell(1, "10.0.0.9", () => "a.test")).toBe(1);
  await clock.advance(60_000);
  expect(lines.at(-1)).toMatchObject({ network: "others", left: 960 });
  expect(tell(1, "172.16.0.1", () => "a.test")).toBe(1);
});

test("a level is the caller's, and what is left out is still there for who debugs", () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: "debug" }, { write: (line) => void lines.push(JSON.parse(line)) });
  const strangers = new StrangersLog(log, new ManualClock(0));
  for (let i = 0; i < 11; i++) strangers.tell({ peer: "192.0.2.1", name: "" }, { i }, "refused", "warn");
  expect(lines.map(({ level }) => level)).toEqual([...Array<number>(10).fill(40), 20]);
});
