// What one connection takes of a turn by its records, counted in records; and how it ends, for whoever writes to it.
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { systemClock } from "../../xmpp/clock.ts";
import { KEY_UPDATE_RECORDS, LEAST_COST, RECORDS_A_TURN } from "../../xmpp/stream/record-reading.ts";
import { LAST_WRITES, TcpTransport } from "../../xmpp/stream/tcp.ts";
import { ALERT } from "../../xmpp/tls/protection.ts";
import { MOST_IDLE } from "../../xmpp/tls/record-layer.ts";
import { changedKeys, type HostileClient, hostileClient, record } from "./hostile-client.ts";
import { type Accepted, RecordsServer } from "./records-server.ts";

let server: RecordsServer;
const sockets: Socket[] = [];

beforeEach(async () => {
  server = await RecordsServer.start({ echo: false });
});
afterEach(async () => {
  jest.restoreAllMocks();
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.stop();
});

async function hostile(): Promise<HostileClient & { accepted: Accepted }> {
  const accepted = server.next();
  const client = await hostileClient(server.port);
  sockets.push(client.raw, client.client);
  return { ...client, accepted: await accepted };
}

/** Counts what is charged, in smallest records: all of it, and the most in one turn of the event loop. */
function charged(): { total: number; most: number } {
  const counted = { total: 0, most: 0 };
  const { opened } = TcpTransport.prototype;
  let inTurn = 0;
  jest.spyOn(TcpTransport.prototype, "opened").mockImplementation(function (this: TcpTransport, cost) {
    if (inTurn === 0) setImmediate(() => (inTurn = 0));
    inTurn += cost / LEAST_COST;
    counted.total += cost / LEAST_COST;
    counted.most = Math.max(counted.most, inTurn);
    opened.call(this, cost);
  });
  return counted;
}

/** What a turn may take: a share as it reads, one as it goes on, and what the last record of each comes to. */
const A_TURN = 2 * (RECORDS_A_TURN + KEY_UPDATE_RECORDS);

/** So many bytes of records. */
function burst(bytes: number, make: () => Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let length = 0; length < bytes; length += records.at(-1)?.length ?? 0) records.push(make());
  return records;
}

const TWO_MIB = 2 ** 21;

test("2 MiB of the smallest records that say something take a share of each turn, and all are read in order", async () => {
  const { raw, keys, accepted } = await hostile();
  const counted = charged();
  let at = 0;
  const records = burst(TWO_MIB, () => record(keys, String(at++ % 10)));
  raw.end(Buffer.concat(records)); // its FIN waits behind what is not read yet
  await accepted.closed;
  expect(accepted.read.length).toBe(records.length);
  expect(accepted.read).toBe("0123456789".repeat(records.length / 10 + 1).slice(0, records.length));
  expect(counted.total).toBe(records.length);
  expect(counted.most).toBeLessThanOrEqual(A_TURN);
});

test("changes of keys between them count as more, and those alone come to an end", async () => {
  const { raw, keys, accepted } = await hostile();
  const counted = charged();
  const records = burst(2 ** 18, () => Buffer.concat([changedKeys(keys, 1), record(keys, "x")]));
  raw.write(Buffer.concat(records));
  while (accepted.read.length < records.length) await new Promise((resolve) => setImmediate(resolve));
  expect(counted.total).toBe(records.length * (2 + KEY_UPDATE_RECORDS));
  expect(counted.most).toBeLessThanOrEqual(A_TURN);
  raw.write(Buffer.concat(burst(TWO_MIB / 8, () => changedKeys(keys))));
  expect(String(await accepted.closed)).toMatch("unexpected_message");
  expect(counted.total).toBe(records.length * (2 + KEY_UPDATE_RECORDS) + MOST_IDLE * (1 + KEY_UPDATE_RECORDS) + 1);
});

test("2 MiB of empty records are not opened: the first too many ends it", async () => {
  const { raw, keys, client, accepted } = await hostile();
  const counted = charged();
  const told = once(client, "error");
  raw.write(Buffer.concat(burst(TWO_MIB, () => record(keys, ""))));
  expect(String(await accepted.closed)).toMatch("unexpected_message");
  expect(counted.total).toBe(MOST_IDLE + 1);
  await told;
});

test("what is paused opens nothing more of what was read, and goes on where it stopped", async () => {
  const { raw, keys, accepted } = await hostile();
  const { transport } = accepted;
  const counted = charged();
  const { content } = TcpTransport.prototype;
  jest.spyOn(TcpTransport.prototype, "content").mockImplementation(function (this: TcpTransport, bytes) {
    content.call(this, bytes);
    this.pause();
  });
  raw.write(Buffer.concat(["a", "b", "c", "d"].map((each) => record(keys, each))));
  await once(accepted.socket, "data");
  for (const read of ["a", "ab", "abc", "abcd"]) {
    expect([accepted.read, counted.total]).toEqual([read, read.length]);
    transport.resume();
  }
});

test("behind our own end so many records more are opened, and then none", async () => {
  const { raw, keys, accepted } = await hostile();
  const counted = charged();
  accepted.transport.end();
  raw.end(Buffer.concat(burst(TWO_MIB, () => record(keys, "x"))));
  await accepted.closed;
  expect(counted.total).toBeLessThanOrEqual(RECORDS_A_TURN);
});

/** Lets the connection's last writes wait in vain. */
function deadlines(): (() => void)[] {
  const due: (() => void)[] = [];
  const { setTimeout } = systemClock;
  jest.spyOn(systemClock, "setTimeout").mockImplementation((callback, ms) => {
    if (ms === LAST_WRITES) due.push(callback);
    return setTimeout(callback, ms);
  });
  return due;
}

/** Writes until something has to wait. */
function fill({ transport }: Accepted): void {
  while (transport.backlog < 3_000_000) {
    transport.write("z".repeat(1_000_000));
    transport.flush();
  }
}

test.each([true, false])(
  "a client that says it is done and does not read: closed is told (own records: %s)",
  async (own) => {
    await server.stop();
    server = await RecordsServer.start({ own, echo: false });
    const { raw, keys, accepted } = await hostile();
    expect(accepted.transport.tls?.socket === undefined).toBe(own);
    const due = deadlines();
    raw.pause();
    fill(accepted);
    raw.write(record(keys, Buffer.from([1, 0]), ALERT));
    expect(await accepted.closed).toBeUndefined();
    const { backlog } = accepted.transport;
    accepted.transport.write("to nobody");
    expect(accepted.transport.backlog).toBe(backlog);
    // Node drops what waits for a connection of OpenSSL's whose peer is done; there is nothing to give time to.
    if (own) expect([backlog > 0, due.length, accepted.socket.destroyed]).toEqual([true, 1, false]);
    due[0]?.();
    while (!accepted.socket.destroyed) await once(accepted.socket, "close");
  },
);

test("a client that ends TCP alone, and does not read, is told of as well", async () => {
  const { raw, keys, accepted } = await hostile();
  const due = deadlines();
  raw.pause();
  fill(accepted);
  raw.end(record(keys, "last"));
  await accepted.closed;
  expect([accepted.read, due.length, accepted.socket.destroyed]).toEqual(["last", 1, false]);
});

test("what breaks TLS is told before anything else can be written", async () => {
  const { raw, keys, accepted } = await hostile();
  const order: string[] = [];
  void accepted.closed.then(() => order.push("told"));
  accepted.socket.on("close", () => order.push("closed"));
  raw.write(record(keys, Buffer.from([2]), ALERT));
  while (order.length < 2) await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual(["told", "closed"]);
  expect(String(await accepted.closed)).toMatch("decode_error");
});
