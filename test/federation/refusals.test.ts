// Who is refused: told to the peer with the reason, logged at info and shown by a trace of everybody, both by its domain.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { TraceEvent } from "../../federation/index.ts";
import { Ground, type TestNode } from "./nodes.ts";

let ground: Ground;

beforeAll(async () => {
  ground = await Ground.lay();
});
afterAll(() => ground.clear());

/** Sends one message that cannot get through; what each side saw of it. */
async function refusedBy(sender: TestNode, receiver: TestNode) {
  const events: TraceEvent[] = [];
  const unwatch = receiver.federation.watch("*", (event) => events.push(event));
  sender.send(`y@${receiver.domain}`, "Hark");
  await sender.until(() => sender.received.length > 0, "the message given back");
  unwatch();
  // What the receiver told: for the sender's operator, whose user learns no more than that it did not arrive.
  const text = sender.log
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === "s2s out failed")
    .map(({ reason }) => reason)
    .join("; ");
  const logged = receiver.log
    .map((line) => JSON.parse(line))
    .filter(({ level, reason }) => level === 30 && reason !== undefined);
  return { text, logged, events };
}

test("by policy: at the stream's header", async () => {
  const strict = await ground.node("strict.test", { policies: [{ domains: ["*.a.test"], refuse: true }] });
  const a = await ground.node("a.test");
  const { text, logged, events } = await refusedBy(a, strict);
  expect(text).toContain("federation with svc.a.test is refused");
  expect(logged).toContainEqual(
    expect.objectContaining({ from: "svc.a.test", to: "strict.test", rule: "policies[0]", msg: "s2s in refused" }),
  );
  expect(events).toContainEqual(
    expect.objectContaining({
      domain: "svc.a.test",
      event: "incoming refused",
      facts: expect.objectContaining({
        condition: "policy-violation",
        reason: "federation with svc.a.test is refused",
      }),
    }),
  );
});

test("by certificate, where dialback is not allowed: the dialback error says what is wrong with it", async () => {
  const careful = await ground.node("careful.test", { allowDialback: false });
  const b = await ground.node("b.test", {}, false, "self-signed");
  const { text, logged, events } = await refusedBy(b, careful);
  expect(text).toMatch(/not-authorized \(the certificate of CN=b\.test is /);
  expect(logged).toContainEqual(
    expect.objectContaining({ from: "svc.b.test", condition: "not-authorized", msg: "dialback refused" }),
  );
  expect(events.map(({ domain, event }) => `${domain} ${event}`)).toEqual(
    expect.arrayContaining(["svc.b.test incoming EXTERNAL not offered", "svc.b.test dialback refused"]),
  );
});

test("for a way that is none: the peer learns how far it led, and nothing of what it looks like from here", async () => {
  const c = await ground.node("c.test", {}, false, "self-signed");
  const plain = await ground.node("plain.test");
  ground.announce("svc.c.test", 1);
  const { text, logged } = await refusedBy(c, plain);
  expect(text).toContain("no server that could verify the key was reached");
  expect(text).not.toMatch(/ECONNREFUSED|127\.0\.0\.1/);
  expect(logged).toContainEqual(
    expect.objectContaining({ from: "svc.c.test", reason: expect.stringContaining("ECONNREFUSED") }),
  );
});
