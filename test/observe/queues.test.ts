// Depths of queues as Prometheus reads them: a reader that does not read, what is unacknowledged, what is kept.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { bound } from "../attacks/bound.ts";
import { DOMAIN, startTarget, type Target } from "../attacks/node.ts";

let target: Target;

beforeEach(async () => {
  target = await startTarget();
  for (const name of ["romeo", "juliet", "nurse"]) await target.account(name);
});
afterEach(() => target.stop());

/** The value of a metric, as it is told. */
async function read(name: string): Promise<number | undefined> {
  const text = await (await target.server.metrics.registry()).metrics();
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

test("what waits for clients is told", async () => {
  const romeo = await bound(target, "romeo");
  const juliet = await bound(target, "juliet");
  juliet.send("<enable xmlns='urn:xmpp:sm:3'/>");
  await juliet.until("<enabled");
  expect(await read("meridian_unacked_stanzas")).toBe(0);
  juliet.socket.pause();
  const body = "x".repeat(100_000);
  for (let i = 0; i < 5; i++)
    romeo.send(`<message to='juliet@${DOMAIN}/r' type='headline'><body>${body}</body></message>`);
  romeo.send(`<message to='nurse@${DOMAIN}' id='kept' type='chat'><body>x</body></message>`);
  romeo.send(`<iq type='get' to='${DOMAIN}' id='done'><ping xmlns='urn:xmpp:ping'/></iq>`);
  await romeo.until("id='done'");
  expect(await read("meridian_unacked_stanzas")).toBe(5);
  expect(await read('meridian_backlog_bytes{which="longest"}')).toBe(await read('meridian_backlog_bytes{which="all"}'));
  // The store is asked once a minute.
  await target.clock.advance(60_000);
  await target.settle("the offline store told", async () => (await read("meridian_offline_messages")) === 1);
  juliet.destroy();
});
