// Two nodes and the network between them: every way to prove a domain, cuts at any moment, renewal, reload, drain.
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { FederationConfig } from "../../contract/contract.ts";
import type { TraceEvent } from "../../federation/index.ts";
import { makeLeaf } from "../tls-identity/certificates.ts";
import { Ground, message } from "./nodes.ts";

let ground: Ground;

beforeEach(async () => {
  ground = await Ground.lay();
});

afterEach(() => ground.clear());

describe.each([
  ["EXTERNAL", "external", {}],
  ["dialback", "dialback", { trustedAuthorities: [] }],
])("by %s", (_name, method, settings) => {
  test.each([
    ["STARTTLS", false],
    ["direct TLS", true],
  ])("over %s, one stream for both ways", async (_way, direct) => {
    const a = await ground.node("a.test", settings, direct);
    const b = await ground.node("b.test", settings, direct);
    a.send(`y@${b.service}`, "Hark");
    await b.until(() => b.received.length === 1, "the message");
    b.send(`x@${a.service}`, "Ay me");
    await a.until(() => a.received.length === 1, "the answer");
    expect(a.bodies()).toEqual(["Ay me"]);
    expect(a.federation.outgoingStatus()).toMatchObject([{ from: a.service, to: b.service, state: "up", method }]);
    expect(b.federation.outgoingStatus()).toMatchObject([{ from: b.service, to: a.service, method: "incoming" }]);
    expect(b.federation.incomingStatus()).toMatchObject([{ from: a.service, encrypted: true, bidirectional: true }]);
    expect(a.federation.incomingStatus()).toEqual([]);
  });
});

test("a cut stream goes on: everything arrives once and in order, both ways, whenever the cut comes", async () => {
  const a = await ground.node("a.test");
  const b = await ground.node("b.test");
  const relay = await ground.relay(b.service, () => b.port);
  a.send(`y@${b.service}`, "first");
  await b.until(() => b.received.length === 1, "the first message");
  const total = 600;
  for (let i = 0; i < total; i++) {
    a.send(`y@${b.service}`, `a${i}`);
    b.send(`x@${a.service}`, `b${i}`);
    if (i % 150 === 149) {
      // Some of it is on the way, some in buffers, some not yet read.
      await new Promise((resolve) => setImmediate(resolve));
      relay.cut();
    }
    if (i % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await b.until(() => b.received.length > total, "everything of a");
  await a.until(() => a.received.length >= total, "everything of b");
  expect(b.bodies().slice(1)).toEqual(Array.from({ length: total }, (_, i) => `a${i}`));
  expect(a.bodies()).toEqual(Array.from({ length: total }, (_, i) => `b${i}`));
  expect(relay.connections).toBeGreaterThan(2);
});

test("a network that swallows everything is noticed, and nothing is lost", async () => {
  const a = await ground.node("a.test", { keepAliveSeconds: 1, connectSeconds: 2 });
  const b = await ground.node("b.test");
  const relay = await ground.relay(b.service, () => b.port);
  a.send(`y@${b.service}`, "one");
  await a.until(() => a.acknowledged, "the acknowledgement");
  relay.holding = true;
  a.send(`y@${b.service}`, "two");
  await a.until(() => a.log.some((line) => line.includes("did not acknowledge")), "the end of patience");
  relay.holding = false;
  await b.until(() => b.received.length === 2, "the second message");
  expect(b.bodies()).toEqual(["one", "two"]);
});

test("a server that is gone for a while: stanzas are kept; gone for good: each is returned", async () => {
  const a = await ground.node("a.test", { keepSeconds: 2 });
  const b = await ground.node("b.test");
  let port = b.port;
  const relay = await ground.relay(b.service, () => port);
  a.send(`y@${b.service}`, "one");
  await a.until(() => a.acknowledged, "the acknowledgement");
  port = 1;
  relay.cut();
  a.send(`y@${b.service}`, "two");
  await a.until(() => a.log.some((line) => line.includes("s2s out failed")), "a failure");
  port = b.port;
  await b.until(() => b.bodies().includes("two"), "the message that was kept");
  expect(a.received).toEqual([]);
  await a.until(() => a.acknowledged, "the acknowledgement");
  // A stream that lived so short a time is not waited for as long again.
  port = 1;
  relay.cut();
  a.send(`y@${b.service}`, "three");
  await a.until(() => a.received.length === 1, "the message given back");
  expect(a.bodies()).toEqual(["error three"]);
});

test("a restarted peer: what nobody acknowledged is sent once more, requests are answered with an error", async () => {
  const a = await ground.node("a.test");
  const b = await ground.node("b.test");
  let next = b;
  const relay = await ground.relay(b.service, () => next.port);
  a.send(`y@${b.service}`, "one");
  await a.until(() => a.acknowledged, "the acknowledgement");
  relay.holding = true;
  a.send(`y@${b.service}`, "two");
  await new Promise((resolve) => setImmediate(resolve));
  await b.stop();
  relay.cut();
  relay.holding = false;
  next = await ground.node("b.test");
  ground.announce(b.service, relay.port);
  await next.until(() => next.bodies().includes("two"), "the second message");
  expect(next.bodies()).toEqual(["two"]);
});

test("policies change without a restart: streams end, stanzas are returned, and the way opens again", async () => {
  const a = await ground.node("a.test");
  const b = await ground.node("b.test");
  a.send(`y@${b.service}`, "one");
  await b.until(() => b.received.length === 1, "the first message");
  const settings = (policies: object[]) => FederationConfig.parse({ ...a.config.federation, policies });
  a.federation.reload(settings([{ domains: ["*.b.test"], refuse: true }]));
  await b.until(() => b.federation.incomingStatus().length === 0, "the end of the stream");
  a.send(`y@${b.service}`, "two");
  await a.until(() => a.bodies().includes("error two"), "the message given back");
  expect(a.received.at(-1)?.text()).toContain("policy-violation");
  expect(a.received.at(-1)?.text()).toContain("does not talk to");
  b.send(`x@${a.service}`, "three");
  await b.until(() => b.bodies().includes("error three"), "the refusal");
  a.federation.reload(settings([]));
  b.federation.reset(a.service);
  a.send(`y@${b.service}`, "four");
  await b.until(() => b.bodies().includes("four"), "the fourth message");
});

test("a stricter policy has streams proven anew that it would not have let be, at either end. RFC 6120 §4.9.3.16", async () => {
  const a = await ground.node("a.test", { trustedAuthorities: [], keepSeconds: 1 });
  const b = await ground.node("b.test", { trustedAuthorities: [] });
  const strict = (node: typeof a) =>
    node.federation.reload(FederationConfig.parse({ ...node.config.federation, requireValidCertificate: true }));
  a.send(`y@${b.service}`, "one");
  await b.until(() => b.received.length === 1, "the first message");
  strict(b);
  await a.until(() => a.log.some((line) => line.includes("the peer ended the stream: reset")), "the end by b");
  a.send(`y@${b.service}`, "two");
  await a.until(() => a.bodies().includes("error two"), "the second message given back");
  b.federation.reload(b.config.federation);
  a.federation.reset(b.service);
  a.send(`y@${b.service}`, "three");
  await b.until(() => b.bodies().includes("three"), "the third message");
  strict(a);
  await a.until(() => a.log.some((line) => line.includes("we ended the stream: reset")), "the end by a");
  a.send(`y@${b.service}`, "four");
  await a.until(() => a.bodies().includes("error four"), "the fourth message given back");
  expect(b.bodies()).toEqual(["one", "three"]);
});

test("a broken stream is taken up for those of its domains alone that policy still admits", async () => {
  const a = await ground.node("a.test", { bidirectional: false });
  const b = await ground.node("b.test");
  let port = b.port;
  const relay = await ground.relay(b.service, () => port);
  a.send(`y@${b.service}`, "one");
  await b.until(() => b.received.length === 1, "the first message");
  a.route(message(`x@${a.domain}`, `y@${b.service}`, "two", "two"));
  await b.until(() => b.received.length === 2, "the message of the second domain");
  expect(b.federation.incomingStatus().map(({ from }) => from)).toEqual([a.service, a.domain]);
  port = 1;
  relay.holding = true;
  a.send(`y@${b.service}`, "three");
  await new Promise((resolve) => setImmediate(resolve));
  relay.cut();
  relay.holding = false;
  await b.until(() => b.federation.incomingStatus().length === 0, "the break");
  const policies = [{ domains: [a.domain], refuse: true }];
  b.federation.reload(FederationConfig.parse({ ...b.config.federation, policies }));
  port = b.port;
  await b.until(() => b.bodies().includes("three"), "the third message");
  expect(b.log.some((line) => line.includes("s2s in resumed"))).toBe(true);
  expect(b.federation.incomingStatus().map(({ from }) => from)).toEqual([a.service]);
});

test("a renewed certificate is used by the next stream, no restart", async () => {
  const a = await ground.node("a.test", { bidirectional: false });
  const b = await ground.node("b.test");
  const relay = await ground.relay(b.service, () => b.port);
  a.send(`y@${b.service}`, "one");
  await b.until(() => b.received.length === 1, "the first message");
  // A certificate of another authority proves nothing: the next stream falls back to dialback, so it is seen in use.
  const { pem, keyPem } = makeLeaf(undefined, { name: a.domain, dns: [a.domain], from: Date.now() - 1000 });
  writeFileSync(`${ground.folder}/a.test.crt`, pem);
  writeFileSync(`${ground.folder}/a.test.key`, keyPem);
  a.running.server.tls.reload();
  relay.cut();
  a.send(`y@${b.service}`, "two");
  await b.until(() => b.bodies().includes("two"), "the second message");
  await b.until(() => b.log.some((line) => line.includes('"method":"dialback"')), "dialback");
});

test("draining: what is queued goes out first", async () => {
  const a = await ground.node("a.test");
  const b = await ground.node("b.test");
  for (let i = 0; i < 50; i++) a.send(`y@${b.service}`, `m${i}`);
  await a.running.drain();
  await b.until(() => b.received.length === 50, "everything");
  expect(b.bodies()).toEqual(Array.from({ length: 50 }, (_, i) => `m${i}`));
  await b.until(() => b.log.some((line) => line.includes("system-shutdown")), "the error");
});

test.each(["is silent", "is broken"])(
  "draining: what is under way on a peer's stream for both ways that %s comes back",
  async (how) => {
    const a = await ground.node("a.test");
    const b = await ground.node("b.test");
    let port = b.port;
    const relay = await ground.relay(b.service, () => port);
    a.send(`y@${b.service}`, "one");
    await b.until(() => b.received.length === 1, "the message");
    b.send(`x@${a.service}`, "two");
    await a.until(() => a.received.length === 1, "the answer");
    await b.until(() => b.federation.outgoingStatus().every(({ unacknowledged }) => unacknowledged === 0), "its end");
    relay.holding = true;
    b.send(`x@${a.service}`, "three");
    await b.until(() => b.federation.outgoingStatus().some(({ unacknowledged }) => unacknowledged > 0), "the third");
    if (how === "is broken") {
      port = 1;
      ground.announce(a.service, 1);
      relay.cut();
      await b.until(() => b.federation.incomingStatus().length === 0, "the break");
    }
    await b.federation.drain(300);
    await b.until(() => b.bodies().includes("error three"), "the message given back");
    expect(b.bodies()).toEqual(["one", "error three"]);
  },
);

test("a domain that is slow holds up no other", async () => {
  const a = await ground.node("a.test");
  const b = await ground.node("b.test");
  const slow = await ground.relay("slow.test", () => b.port);
  slow.holding = true;
  for (let i = 0; i < 40; i++) ground.announce(`slow${i}.test`, slow.port);
  for (let i = 0; i < 40; i++) a.send(`x@slow${i}.test`, `slow${i}`);
  await a.until(() => slow.connections >= 40, "attempts");
  a.send(`y@${b.service}`, "quick");
  await b.until(() => b.received.length === 1, "the message to another domain");
  expect(a.received).toEqual([]);
  slow.refusing = true;
  slow.cut();
  await a.until(() => a.received.length === 40, "the others given back");
});

test("a trace tells heads and decisions, never content", async () => {
  const a = await ground.node("a.test");
  const b = await ground.node("b.test");
  const events: TraceEvent[] = [];
  const stop = a.federation.watch(b.service, (event) => events.push(event));
  a.send(`y@${b.service}`, "a secret");
  await b.until(() => b.received.length === 1, "the message");
  stop();
  a.route(message(`x@${a.service}`, `y@${b.service}`, "later", "later"));
  await b.until(() => b.received.length === 2, "the message");
  const names = events.map(({ event }) => event);
  for (const name of ["resolving", "target", "connected", "certificate", "authenticated", "up", "stanza out"])
    expect(names).toContain(name);
  expect(JSON.stringify(events)).not.toContain("secret");
  expect(JSON.stringify(events)).not.toContain("later");
});
