// Thousands of one client's messages that come back at once: each error arrives, at the pace its client takes them.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { RawTcp } from "../attacks/raw.ts";
import { TALK_START } from "../harness/certificates.ts";
import { ManualClock } from "../harness/manual-clock.ts";
import { needing } from "../harness/needing.ts";
import { ServerUnderTest } from "../harness/scene-server.ts";
import { until } from "../harness/until.ts";

const DOMAIN = "verona.test";
/** As many as one queue takes, for each of so many domains: more than may be unacknowledged, and than may wait to be read. */
const EACH = 1_000;
const DEAD = ["one.test", "two.test", "three.test"];
const TOTAL = EACH * DEAD.length;
/** Ids make errors long: together they are more than the kernel and the backlog of a stream take. */
const ID = "x".repeat(1_500);

let clock: ManualClock;
let server: ServerUnderTest;
/** A name server that says nothing: what is sent waits, until its time is over for all of it. */
let silent: Socket;

beforeEach(async () => {
  clock = new ManualClock(TALK_START);
  silent = createSocket("udp4").bind(0, "127.0.0.1");
  await once(silent, "listening");
});
afterEach(async () => {
  await server.stop();
  silent.close();
});

async function start(nodes: number): Promise<void> {
  const options = {
    nodes: String(nodes),
    "authentication.requireTls": "false",
    "authentication.plainWithoutTls": "true",
    "limits.stanzasPerAccount": "1000000",
    "limits.burstBytes": "100000000",
    "limits.bytesPerSecond": "100000000",
    "federation.queueBytes": "16777216",
  };
  server = new ServerUnderTest({ domain: DOMAIN, options: new Map(Object.entries(options)) });
  await server.start(clock, `127.0.0.1:${silent.address().port}`);
  await server.createAccount(DOMAIN, "romeo", undefined);
}

/** A client that acknowledges what it reads, where it has stream management. */
class Client {
  readonly raw: RawTcp;
  private took = 0;
  /** Highest count of its own stanzas that the server acknowledged. */
  handled = 0;

  private constructor(raw: RawTcp) {
    this.raw = raw;
  }

  static async bind(node: number, sm: boolean): Promise<Client> {
    const client = new Client(await RawTcp.connect(server.ports(node).c2s));
    const { raw } = client;
    await raw.open(DOMAIN);
    await raw.login("romeo", DOMAIN);
    await raw.bind("r");
    if (!sm) return client;
    raw.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    await raw.until("<enabled");
    raw.socket.on("data", () => client.hear());
    return client;
  }

  /** Messages to domains that nobody answers for. */
  async sendAll(): Promise<void> {
    for (const domain of DEAD)
      for (let i = 0; i < EACH; i++)
        this.raw.send(`<message to='juliet@${domain}' id='${domain}-${i}-${ID}' type='chat'><body>x</body></message>`);
    await this.raw.sent();
  }

  /** Ids of what came back, in order, of each domain. */
  returned(): string[][] {
    const ids = [...this.raw.text.matchAll(/<message [^>]*id='([^']*)-x+'[^>]*type='error'/g)].map(
      ([, id]) => id ?? "",
    );
    return DEAD.map((domain) => ids.filter((id) => id.startsWith(domain)));
  }

  private hear(): void {
    const { text } = this.raw;
    const counts = [...text.matchAll(/<a [^>]*h='(\d+)'/g)];
    this.handled = Number(counts.at(-1)?.[1] ?? 0);
    const came = text.split("</message>").length - 1;
    if (came === this.took) return;
    this.took = came;
    this.raw.send(`<a xmlns='urn:xmpp:sm:3' h='${came}'/>`);
  }
}

/** Waits for what happens by itself (real time, since sockets take it). */
const queued = () =>
  server.nodes
    .flatMap(({ federation }) => federation?.outgoingStatus() ?? [])
    .reduce((sum, { queued }) => sum + queued, 0);
const every = DEAD.map((domain) => Array.from({ length: EACH }, (_, i) => `${domain}-${i}`));
const all = (client: Client) => client.raw.text.split("type='error'").length - 1 >= TOTAL;

async function comesBack(client: Client, slow: boolean): Promise<void> {
  await client.sendAll();
  await until("all of it in the queues", () => queued() === TOTAL);
  if (slow) client.raw.socket.pause();
  await until("the end of the attempts", async () => {
    if (queued() > 0) await clock.advance(5_000);
    return queued() === 0;
  });
  client.raw.socket.resume();
  await until("every error", () => all(client) || client.raw.ended);
  expect(client.returned().map(({ length }) => length)).toEqual(DEAD.map(() => EACH));
  expect(client.returned()).toEqual(every);
  expect(client.raw.ended).toBe(false);
}

test.each([
  ["with stream management", true, false],
  ["with stream management, read late", true, true],
  ["without it", false, false],
  ["without it, read late", false, true],
] as const)("%s", async (_name, sm, slow) => {
  await start(1);
  const client = await Client.bind(1, sm);
  await comesBack(client, slow);
  if (!sm) return;
  client.raw.send("<r xmlns='urn:xmpp:sm:3'/>");
  await until("the acknowledgement of all of it", () => client.handled === TOTAL);
});

const { describe: described } = needing("redis");

described("the domains' node is perhaps another one", () => {
  test.each([
    [1, true],
    [2, true],
    [1, false],
    [2, false],
  ])("client at node %i, stream management %p", async (node, sm) => {
    await start(2);
    const client = await Client.bind(node, sm);
    await comesBack(client, true);
    if (!sm) return;
    client.raw.send("<r xmlns='urn:xmpp:sm:3'/>");
    await until("the acknowledgement of all of it", () => client.handled === TOTAL);
  });
});
