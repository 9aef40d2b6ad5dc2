// Once the server said that TLS may begin, nothing goes in clear any more, whatever the client does. RFC 6120 §5.4.3.2.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { DOMAIN, startTarget, type Target } from "../attacks/node.ts";
import { RawTcp } from "../attacks/raw.ts";

let target: Target;

beforeEach(async () => {
  target = await startTarget();
});
afterEach(() => target.stop());

async function proceeded(): Promise<RawTcp> {
  const raw = await RawTcp.connect(target.ports.c2s);
  await raw.open(DOMAIN);
  raw.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  await raw.until(/<proceed[^>]*>/);
  return raw;
}

test("who never begins is dropped without a word", async () => {
  const raw = await proceeded();
  await target.clock.advance(30_000);
  expect(await raw.end()).toBe("");
  await target.settle("no stream", async () => (await target.connections()) === 0);
  target.noErrors();
});

test("who goes away instead leaves nothing behind", async () => {
  const raw = await proceeded();
  raw.destroy();
  await target.settle("no stream", async () => (await target.connections()) === 0);
  target.noErrors();
});

test("who goes on in clear is dropped without a word", async () => {
  const raw = await proceeded();
  raw.send("<presence/>");
  expect(await raw.end()).not.toContain("<");
  await target.settle("no stream", async () => (await target.connections()) === 0);
  target.noErrors();
});
