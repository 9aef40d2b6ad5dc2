// Clients' TLS under attack at a whole node, with records of our own and with OpenSSL's, as its configuration says.
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { RECORDS_A_TURN } from "../../xmpp/stream/record-reading.ts";
import { TcpTransport } from "../../xmpp/stream/tcp.ts";
import { ALERT } from "../../xmpp/tls/protection.ts";
import { changedKeys, type HostileClient, hostileClient, record } from "../tls/hostile-client.ts";
import { bound } from "./bound.ts";
import { DOMAIN, startTarget, type Target } from "./node.ts";
import { bindText, header, plain } from "./raw.ts";

let target: Target;
let stream: HostileClient;
let text = "";

afterEach(async () => {
  jest.restoreAllMocks();
  stream.raw.destroy();
  await target.stop();
});

function send(content: string): void {
  stream.raw.write(record(stream.keys, content));
}

/** Waits until it came, behind what was waited for before. */
async function until(what: string): Promise<void> {
  await target.settle(`${what} in ${text.slice(-300)}`, () => text.includes(what));
  text = text.slice(text.indexOf(what) + what.length);
}

/** A node whose clients' records are so, and a client of romeo's that makes its records by itself. */
async function start(tlsRecords: string): Promise<void> {
  target = await startTarget({ "listeners.1.tlsRecords": tlsRecords });
  for (const name of ["romeo", "juliet"]) await target.account(name);
  text = "";
  stream = await hostileClient(target.ports.c2sTls, DOMAIN);
  stream.client.on("data", (bytes) => {
    text += bytes;
  });
}

async function logIn(): Promise<void> {
  send(header(DOMAIN));
  await until("</stream:features>");
  send(plain("romeo", "pencil"));
  await until("<success");
  send(header(DOMAIN));
  await until("</stream:features>");
  send(bindText("ghost"));
  await until("id='bind'");
}

/** Records that were opened by the node. */
function opened(): () => number {
  const spy = jest.spyOn(TcpTransport.prototype, "opened");
  return () => spy.mock.calls.filter(([cost]) => cost > 0).length;
}

const PING = `<iq type='get' id='ping' to='${DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>`;

describe.each(["own", "openssl"])("tlsRecords: %s", (tlsRecords) => {
  test("a burst of small records is read to its end, and what follows is answered", async () => {
    await start(tlsRecords);
    const count = opened();
    await logIn();
    stream.raw.write(Buffer.concat(Array.from({ length: 3_000 }, () => record(stream.keys, " "))));
    send(PING);
    await until("id='ping'");
    expect(count() > 3_000).toBe(tlsRecords === "own");
    target.noErrors();
  });

  test("a client that says it is done and does not read: its session ends, and what comes waits for the next", async () => {
    await start(tlsRecords);
    await logIn();
    send("<presence/>");
    const juliet = await bound(target, "juliet");
    const sessions = () => [...(target.server.router.hosts.get(DOMAIN)?.sessions.of("romeo") ?? [])];
    await target.settle("romeo is here", () => sessions().length === 1);
    stream.raw.pause();
    const { transport } = (sessions()[0] as { connection?: { stream: { transport: TcpTransport } } }).connection!
      .stream;
    while (transport.backlog < 100_000) {
      transport.write(" ".repeat(100_000));
      transport.flush();
    }
    stream.raw.write(record(stream.keys, Buffer.from([1, 0]), ALERT));
    await target.settle("romeo is gone", () => sessions().length === 0);
    juliet.send(`<message to='romeo@${DOMAIN}' type='chat' id='m'><body>not lost</body></message>${PING}`);
    await juliet.until("ping");
    const romeo = await bound(target, "romeo", "fresh");
    romeo.send("<presence/>");
    expect(await romeo.until("</message>")).toContain("not lost");
    for (const raw of [juliet, romeo]) raw.destroy();
    target.noErrors();
  });
});

test("before authentication, records without end cost no more than their rate", async () => {
  await start("own");
  const count = opened();
  send(header(DOMAIN));
  await until("</stream:features>");
  const before = count();
  // Time is held: what the rate gives at once is all there is.
  stream.raw.write(
    Buffer.concat(
      Array.from({ length: 2_000 }, () => Buffer.concat([changedKeys(stream.keys), record(stream.keys, " ")])),
    ),
  );
  await target.settle("some were read", () => count() > before);
  for (let turns = 0; turns < 200; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(count() - before).toBeLessThanOrEqual(65_536 / 512 + 2);
});

test("after it, what is sent faster than a stream may waits unopened", async () => {
  await start("own");
  await logIn();
  const count = opened();
  stream.raw.write(Buffer.concat(Array.from({ length: 91_000 }, () => record(stream.keys, " "))));
  await target.settle("what may pass at once has passed", () => count() >= 8_000);
  for (let turns = 0; turns < 200; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(count()).toBeLessThanOrEqual(4_194_304 / 512 + RECORDS_A_TURN);
});
