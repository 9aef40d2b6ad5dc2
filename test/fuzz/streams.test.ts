// Fuzzes each state of each kind of stream of a node: no exception, no hang, no leak. FUZZ_SECONDS, FUZZ_SEED.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { DOMAIN, startTarget, type Target } from "../attacks/node.ts";
import { header, RawTcp, RawWebSocket } from "../attacks/raw.ts";
import { say } from "./streams-corpus.ts";
import { Random } from "./xml-random.ts";

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 5);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

let target: Target;

beforeAll(async () => {
  target = await startTarget({
    components: JSON.stringify([{ domain: "pets.verona.test", secret: "a secret of the component" }]),
    listeners: JSON.stringify([
      { kind: "c2s", port: 0, tls: "starttls" },
      { kind: "c2s", port: 0, tls: "direct" },
      { kind: "http", port: 0, tlsTerminated: true },
      { kind: "s2s", port: 0, tls: "starttls" },
      { kind: "s2s", port: 0, tls: "direct" },
      { kind: "component", port: 0 },
    ]),
    "authentication.failuresBeforeBan": "1000000",
    "federation.connectSeconds": "1",
  });
  await target.account("romeo");
  await target.account("juliet");
});
afterAll(() => target.stop());

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
  "component connected": () => RawTcp.connect(componentPort()),
  async "component opened"() {
    const raw = await RawTcp.connect(componentPort());
    raw.send(header("pets.verona.test", "jabber:component:accept"));
    await raw.until(/<stream:stream[^>]*>/);
    return raw;
  },
  WebSocket: () => RawWebSocket.connect(target.ports.http),
  "WebSocket, bound": async () => login(await RawWebSocket.connect(target.ports.http), "balcony"),
};

function componentPort(): number {
  return target.listeners.find(({ kind }) => kind === "component")?.port ?? 0;
}

/** One stream: some elements, cut anywhere, then an end of one kind or another. */
async function converse(raw: Wire, random: Random): Promise<void> {
  for (let left = 1 + random.below(8); left > 0 && !raw.ended; left--) {
    const text = say(random);
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
    while (performance.now() < until) {
      const random = new Random(SEED + round);
      const name = names[round % names.length] as string;
      await converse(await STATES[name]!(), random);
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
    expect(round).toBeGreaterThan(names.length);
  },
  60_000 + SECONDS * 2000,
);

/** What was logged as an error since; the rest is forgotten, since a long run says much. */
function errors(): string[] {
  return (target.log as string[]).splice(0).filter((line) => /"level":(50|60)/.test(line));
}
