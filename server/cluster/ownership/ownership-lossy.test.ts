// Owners over a wire that loses and parts: what is asked comes about once, in order, whatever was lost on the way.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { pino } from "pino";
import { Air } from "../../../test/harness/air.ts";
import { ManualClock, turns } from "../../../test/harness/manual-clock.ts";
import { LogStore, orderedLog } from "../../../test/harness/ordered-log.ts";
import { SharedTerms } from "../../../test/harness/shared-terms.ts";
import { WireBus } from "../bus/node-bus.ts";
import { MemberOwnership } from "./ownership.ts";

const log = pino({ level: "silent" });

async function run(losses: boolean[], parted: { readonly from: number; readonly to: number }): Promise<void> {
  const air = new Air();
  const clock = new ManualClock(1_000_000);
  const store = new LogStore();
  // Redis answers where the wire between nodes does not.
  const terms = new SharedTerms();
  const names = ["a~1", "b~1"];
  const lives = new Set(names);
  const [a, b] = names.map((member) => {
    const bus = new WireBus(air.wire(), { prefix: "t", member, log });
    const fenced = () => !lives.has(bus.member);
    bus.fenced = fenced;
    const isGone = async (other: string) => !lives.has(other);
    const ownership = new MemberOwnership({ bus, terms, clock, log, fenced, isGone });
    return { bus, logs: ownership.kind(orderedLog(store)) };
  });
  for (const { bus } of [a!, b!]) await bus.open();
  a!.bus.joined("b~1");
  b!.bus.joined("a~1");
  const rest = [...losses];
  let now = 0;
  air.loses = () => (now >= parted.from && now < parted.to) || (rest.shift() ?? false);
  const asked: Promise<string>[] = [];
  let answers = 0;
  for (; now < 60 || (answers < asked.length && now < 600); now++) {
    if (now < 30)
      for (const [name, { logs }] of [["a", a!] as const, ["b", b!] as const]) {
        const answer = logs.ask("room", `${name}:${now}`);
        answer.then(() => answers++).catch(() => {});
        asked.push(answer);
      }
    await turns(3);
    await clock.advance(10);
    for (const { bus } of [a!, b!]) bus.beat();
  }
  const places = await Promise.all(asked);
  expect(new Set(places).size).toBe(60);
  const texts = store.of("room").map(({ text }) => text);
  for (const name of ["a", "b"])
    expect(texts.filter((text) => text.startsWith(`${name}:`))).toEqual(
      Array.from({ length: 30 }, (_, i) => `${name}:${i}`),
    );
}

test("whatever is lost, and for however long the members are parted", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 80 }),
      fc.record({ from: fc.nat({ max: 40 }), length: fc.nat({ max: 60 }) }),
      (losses, { from, length }) => run(losses, { from, to: from + length }),
    ),
    { numRuns: 15 },
  );
}, 60_000);
