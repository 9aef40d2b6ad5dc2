// Fuzzes each state of each kind of stream of a node: no exception, no hang, no leak. FUZZ_SECONDS, FUZZ_SEED.
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { DOMAIN, startTarget, type Target } from "../attacks/node.ts";
import { header, RawTcp, RawWebSocket } from "../attacks/raw.ts";
import { contextOf } from "../harness/certificates.ts";
import { type Authority, startAuthority } from "./authority.ts";
import { say } from "./streams-corpus.ts";
import { Random } from "./xml-random.ts";

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 5);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

let target: Target;
let authority: Authority;

const PETS = "pets.verona.test";
const SECRET = "a secret of the component";

beforeAll(async () => {
  authority = await startAuthority("capulet.test");
  const options = {
    components: JSON.stringify([{ domain: PETS, secret: SECRET }]),
    listeners: JSON.stringify([
      { kind: "c2s", port: 0, tls: "starttls" },
      { kind: "c2s", port: 0, tls: "direct" },
      { kind: "http", port: 0, tlsTerminated: true },
      { kind: "s2s", port: 0, tls: "starttls" },
      { kind: "s2s", port: 0, tls: "direct" },
      { kind: "component", port: 0 },
    ]),
    "authentication.failuresBeforeBan": "1000000",
    "federation.connectSeconds": "5",
    // The authority speaks no TLS, so that what fuzzed streams do to it costs little.
    "federation.requireEncryption": "false",
  };
  target = await startTarget(options, authority.nameServer);
  await target.account("romeo");
  await target.account("juliet");
});
afterAll(async () => {
  await target.stop();
  await authority.stop();
});

type Wire = RawTcp | RawWebSocket;

const SCRAM =
  "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>biwsbj1yb21lbyxyPWFiY2RlZg==</auth>";

async function login(raw: Wire, resource: string | undefined): Promise<Wire> {
  await raw.open(DOMAIN);
  await raw.login("romeo", DOMAIN);
  if (resource !== undefined) await raw.bind(resource);
  return raw;
}

/** Every state from which the fuzzer goes on. */
const STATES: Readonly<Record<string, () => Promise<Wire>>> = {
  connected: () => RawTcp.connect(target.ports.c2s),
  async opened() {
    const raw = await STATES.connected!();
    await raw.open(DOMAIN);
    return raw;
  },
  async STARTTLS() {
    const raw = await RawTcp.connect(target.ports.c2s);
    await raw.open(DOMAIN);
    await raw.starttls(DOMAIN);
    return raw;
  },
  "direct TLS": () => RawTcp.connect(target.ports.c2sTls, DOMAIN),
  async "SASL in progress"() {
    const raw = await STATES.opened!();
    raw.send(SCRAM);
    await raw.until("</challenge>");
    return raw;
  },
  authenticated: async () => login(await STATES.connected!(), undefined),
  bound: async () => login(await STATES.connected!(), "orchard"),
  async "stream management"() {
    const raw = await STATES.bound!();
    raw.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    await raw.until("<enabled");
    return raw;
  },
  "server connected": () => RawTcp.connect(target.ports.s2s),
  "server over direct TLS": () => RawTcp.connect(target.ports.s2sTls, DOMAIN),
  async "server opened"() {
    const raw = await RawTcp.connect(target.ports.s2s);
    raw.send(header(DOMAIN, "jabber:server", "capulet.test"));
    await raw.until("</stream:features>");
    return raw;
  },
  "server proven by dialback": byDialback,
  "server proven by certificate": () => byCertificate(""),
  "server proven, both ways": () => byCertificate("<bidi xmlns='urn:xmpp:bidi'/>"),
  async "server with stream management"() {
    const raw = await byCertificate("");
    raw.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    await raw.until("<enabled");
    return raw;
  },
  "component connected": () => RawTcp.connect(componentPort()),
  async "component opened"() {
    const raw = await RawTcp.connect(componentPort());
    raw.send(header(PETS, "jabber:component:accept"));
    await raw.until(/<stream:stream[^>]*>/);
    return raw;
  },
  async "component proven"() {
    const raw = await RawTcp.connect(componentPort());
    raw.send(header(PETS, "jabber:component:accept"));
    const id = /id='([^']+)'/.exec(await raw.until(/<stream:stream[^>]*>/))?.[1];
    const proof = createHash("sha1").update(`${id}${SECRET}`).digest("hex");
    raw.send(`<handshake>${proof}</handshake>`);
    // The component before may still be on its way out.
    if ((await raw.until(/<handshake\/>|<conflict /)).includes("<conflict ")) {
      await raw.end();
      return STATES["component proven"]!();
    }
    return raw;
  },
  WebSocket: () => RawWebSocket.connect(target.ports.http),
  "WebSocket, bound": async () => login(await RawWebSocket.connect(target.ports.http), "balcony"),
};

/** The authority of capulet.test vouches for it. */
async function byDialback(): Promise<Wire> {
  const raw = await RawTcp.connect(target.ports.s2s);
  raw.send(header(DOMAIN, "jabber:server' xmlns:db='jabber:server:dialback", "capulet.test"));
  await raw.until("</stream:features>");
  raw.send(`<db:result from='capulet.test' to='${DOMAIN}'>a key</db:result>`);
  await raw.until(/<db:result[^>]*type='valid'/);
  return raw;
}

/** SASL EXTERNAL over direct TLS. XEP-0178 §3. */
async function byCertificate(before: string): Promise<Wire> {
  const raw = await RawTcp.connect(target.ports.s2sTls, DOMAIN, contextOf("capulet.test"));
  const open = async () => {
    raw.send(header(DOMAIN, "jabber:server", "capulet.test"));
    await raw.until("</stream:features>");
  };
  await open();
  raw.send(`${before}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>`);
  await raw.until(/<success[^>]*>/);
  await open();
  return raw;
}

function componentPort(): number {
  return target.listeners.find(({ kind }) => kind === "component")?.port ?? 0;
}

/** One stream: some elements, cut anywhere, then an end of one kind or another. */
async function converse(name: string, raw: Wire, random: Random): Promise<void> {
  for (let left = 1 + random.below(8); left > 0 && !raw.ended; left--) {
    const text = say(random, name);
    if (raw instanceof RawWebSocket) raw.send(text);
    else for (const piece of pieces(Buffer.from(text), random)) await write(raw, piece);
    if (random.chance(30)) await turn();
  }
  if (random.chance(20)) await turn();
  raw.destroy();
}

function* pieces(bytes: Buffer, random: Random): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const to = random.chance(50) ? bytes.length : at + 1 + random.below(bytes.length - at);
    yield bytes.subarray(at, to);
    at = to;
  }
}

async function write(raw: RawTcp, bytes: Buffer): Promise<void> {
  raw.send(bytes);
  await turn();
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The node answers somebody else while it is fuzzed. @throws Error where it hangs */
async function alive(): Promise<void> {
  const raw = await RawTcp.connect(target.ports.c2s);
  await raw.open(DOMAIN);
  raw.destroy();
}

test(
  `every state of a stream, ${SECONDS} s from seed ${SEED}`,
  async () => {
    const until = performance.now() + SECONDS * 1000;
    const names = Object.keys(STATES);
    let round = 0;
    // Each state once at least, however slow the machine is.
    while (performance.now() < until || round < names.length) {
      const random = new Random(SEED + round);
      const name = names[round % names.length] as string;
      await converse(name, await STATES[name]!(), random);
      // Time passes, so that what waits for it ends as well.
      await target.clock.advance(random.below(3_000));
      if (round % 20 === 19) {
        await alive();
        expect({ seed: SEED + round, errors: errors() }).toEqual({ seed: SEED + round, errors: [] });
      }
      round++;
    }
    await target.settle("every connection gone", async () => (await target.connections()) === 0);
    // Sessions that wait to be resumed are given up.
    await target.clock.advance(400_000);
    await target.settle("every session gone", () => target.server.sessionCount === 0);
    expect(errors()).toEqual([]);
  },
  60_000 + SECONDS * 2000,
);

/** What was logged as an error since; the rest is forgotten, since a long run says much. */
function errors(): string[] {
  return (target.log as string[]).splice(0).filter((line) => /"level":(50|60)/.test(line));
}
