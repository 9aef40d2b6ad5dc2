// Guessing: who has an account cannot be told by time, and a banned address costs no work.
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { NS_SASL } from "../../xmpp/xml/namespaces.ts";
import { DOMAIN, startTarget, type Target } from "./node.ts";
import { plain, RawTcp } from "./raw.ts";

const ROUNDS = 31;

let target: Target;

beforeEach(async () => {
  target = await startTarget();
  for (let i = 0; i < ROUNDS; i++) await target.account(`known${i}`);
});
afterEach(() => target.stop());

/** A stream from an address of its own, so that nothing is slowed down on account of earlier failures. */
async function from(address: string): Promise<RawTcp> {
  const socket = connect({ port: target.ports.c2s, host: "127.0.0.1", localAddress: address, noDelay: true });
  await once(socket, "connect");
  const raw = new RawTcp(socket);
  await raw.open(DOMAIN);
  return raw;
}

/** CPU time from a request to its answer, in ms and of every thread: a busy machine does not change it as it does time. */
async function timed(raw: RawTcp, request: string, answer: string): Promise<number> {
  const before = process.cpuUsage();
  raw.send(request);
  await raw.until(answer);
  const { user, system } = process.cpuUsage(before);
  raw.destroy();
  return (user + system) / 1000;
}

/** The lowest quarter's end: below the median, since whatever else runs in this process only adds. */
function quartile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 2] ?? Number.NaN;
}

/** Quartiles for accounts that exist and for such as do not, asked in turn. */
async function compare(request: (user: string) => string, answer: string): Promise<[number, number]> {
  const known: number[] = [];
  const unknown: number[] = [];
  await timed(await from("127.0.1.1"), request("warm"), answer);
  for (let i = 0; i < ROUNDS; i++) {
    known.push(await timed(await from(`127.0.2.${i + 1}`), request(`known${i}`), answer));
    unknown.push(await timed(await from(`127.0.3.${i + 1}`), request(`unknown${i}`), answer));
  }
  return [quartile(known), quartile(unknown)];
}

test("PLAIN takes as long for an unknown account as for a wrong password", async () => {
  const [known, unknown] = await compare((user) => plain(user, "wrong"), "</failure>");
  // 4096 rounds of PBKDF2 take over a millisecond: an answer without them would come in a fifth of the time.
  expect(unknown / known).toBeGreaterThan(0.5);
  expect(unknown / known).toBeLessThan(2);
});

test("SCRAM's challenge takes as long for an unknown account as for a known one", async () => {
  const first = (user: string) => Buffer.from(`n,,n=${user},r=0123456789`).toString("base64");
  const [known, unknown] = await compare(
    (user) => `<auth xmlns='${NS_SASL}' mechanism='SCRAM-SHA-256'>${first(user)}</auth>`,
    "</challenge>",
  );
  // No work to speak of in either; what is compared is well below a millisecond, and noise is not an answer.
  expect(Math.abs(unknown - known)).toBeLessThan(Math.max(known, unknown) / 2 + 0.5);
});

test("an address that guessed too often is refused before any work, even with the right password", async () => {
  const banning = await startTarget({ "authentication.failuresBeforeBan": "2" });
  await banning.account("romeo");
  const raw = await RawTcp.connect(banning.ports.c2s);
  await raw.open(DOMAIN);
  let asked = 0;
  const { accounts } = banning.server;
  const check = accounts.checkPassword.bind(accounts);
  Object.assign(accounts, {
    checkPassword(...of: Parameters<typeof check>) {
      asked++;
      return check(...of);
    },
  });
  for (let i = 0; i < 2; i++) {
    raw.send(plain("romeo", `wrong${i}`));
    await raw.until("</failure>");
  }
  expect(asked).toBe(2);
  raw.send(plain("romeo", "pencil"));
  await banning.settle("the answer", async () => {
    await banning.clock.advance(1_000);
    return raw.text.split("</failure>").length === 4;
  });
  expect(asked).toBe(2);
  expect(raw.text).not.toContain("<success");
  await banning.stop();
});
