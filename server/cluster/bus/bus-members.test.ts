// The bus between members that die, come back and are taken for dead.
import { expect, test } from "@jest/globals";
import { pair, turns } from "../../../test/harness/air.ts";
import type { WireBus } from "./node-bus.ts";

test("what a member did not confirm when it died is given back, once it is no member any more", async () => {
  const { air, a } = await pair();
  air.loses = () => true;
  const outcomes: string[] = [];
  a.send("b~1", {
    kind: "n",
    fields: [],
    confirmed: () => outcomes.push("confirmed"),
    failed: (reason) => outcomes.push(`${reason} ${a.others.length}`),
  });
  await turns(3);
  a.died("b~1", true);
  expect(outcomes).toEqual(["died 0"]);
  a.send("b~1", { kind: "n", fields: [], confirmed: () => {}, failed: (reason) => outcomes.push(reason) });
  expect(outcomes).toEqual(["died 0", "died"]);
});

test("a member that comes back as another one is a stranger: nothing of the old one is taken twice", async () => {
  const { a, b } = await pair();
  const taken: string[] = [];
  b.take("n", (from, [n], done) => {
    taken.push(`${from} ${n}`);
    done();
  });
  let back = 0;
  a.send("b~1", { kind: "n", fields: ["1"], confirmed: () => {}, failed: () => back++ });
  await turns(6);
  await a.becomes("a~2");
  a.joined("b~1");
  a.send("b~1", { kind: "n", fields: ["2"], confirmed: () => {}, failed: () => {} });
  await turns(6);
  expect(taken).toEqual(["a~1 1", "a~2 2"]);
  expect(back).toBe(0);
});

test("an observer of members that throws keeps no other from hearing of a death", async () => {
  const { a } = await pair();
  const heard: string[] = [];
  a.onMember(() => {
    throw new Error("no");
  });
  a.onMember((member, state, buried) => heard.push(`${member} ${state} ${buried}`));
  a.send("b~1", { kind: "word", fields: [], confirmed: () => {}, failed: (reason) => heard.push(reason) });
  a.died("b~1", true);
  expect(heard).toEqual(["b~1 died true", "died"]);
});

test("a member that was taken for dead by mistake is met anew: its numbers begin again on both sides", async () => {
  const { a, b } = await pair();
  const taken: string[] = [];
  const confirmed: string[] = [];
  for (const bus of [a, b])
    bus.take("n", (from, [n], done) => {
      taken.push(`${from} ${n}`);
      done();
    });
  const send = (from: WireBus, to: string, n: string) =>
    from.send(to, {
      kind: "n",
      fields: [n],
      confirmed: () => confirmed.push(n),
      failed: () => confirmed.push(`${n} failed`),
    });
  for (const n of ["1", "2", "3"]) send(a, "b~1", n);
  send(b, "a~1", "x");
  await turns(8);
  a.died("b~1", true);
  a.joined("b~1");
  send(a, "b~1", "4");
  send(b, "a~1", "y");
  for (let i = 0; i < 4; i++) {
    await turns(6);
    a.beat();
    b.beat();
  }
  expect(taken.filter((text) => text.startsWith("a"))).toEqual(["a~1 1", "a~1 2", "a~1 3", "a~1 4"]);
  expect(taken.filter((text) => text.startsWith("b"))).toEqual(["b~1 x", "b~1 y"]);
  expect(confirmed.toSorted()).toEqual(["1", "2", "3", "4", "x", "y"]);
});
