// Connect, garbage, close, again and again: memory stays flat and nothing is left. ATTACK_CONNECTIONS says how often.
import { once as event } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "@jest/globals";
import { TcpTransport } from "../../xmpp/stream/tcp.ts";
import { NS_TLS } from "../../xmpp/xml/namespaces.ts";
import { DOMAIN, startTarget } from "./node.ts";
import { header } from "./raw.ts";

const CONNECTIONS = Number(process.env.ATTACK_CONNECTIONS ?? 3000);
const AT_ONCE = 50;

const GARBAGE: readonly (string | Buffer)[] = [
  "",
  "GET / HTTP/1.1\r\n\r\n",
  Buffer.from([0xff, 0xfe, 0x00, 0x80]),
  Buffer.from("160301020001000001fc0303", "hex"),
  "<",
  "<stream:stream",
  header(DOMAIN),
  `${header("mantua.test")}<`,
  `${header(DOMAIN)}<message><body>`,
  `${header(DOMAIN)}<starttls xmlns='${NS_TLS}'/>`,
  `${header(DOMAIN)}<starttls xmlns='${NS_TLS}'/>garbage that is no handshake`,
  `${header(DOMAIN)}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>biwsbj1yLHI9eA==</auth>`,
  `${header(DOMAIN)}</stream:stream>`,
];

setFlagsFromString("--expose_gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes that live on the heap and beside it. */
async function memory(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test(
  `${CONNECTIONS} connections of garbage leave nothing behind`,
  async () => {
    const target = await startTarget();
    const ports = [target.ports.c2s, target.ports.c2s, target.ports.c2sTls, target.ports.http];
    let next = 0;
    const run = async (until: number) => {
      while (next < until) {
        const index = next++;
        await once(ports[index % ports.length] ?? 0, GARBAGE[index % GARBAGE.length] ?? "", index % 3);
      }
    };
    const all = (until: number) => Promise.all(Array.from({ length: AT_ONCE }, () => run(until)));
    const clean = () => target.settle("every connection gone", async () => (await target.connections()) === 0);
    await all(Math.floor(CONNECTIONS / 3));
    await clean();
    (target.log as string[]).length = 0;
    const before = await memory();
    await all(CONNECTIONS);
    await clean();
    target.noErrors();
    (target.log as string[]).length = 0;
    // A leak of one kilobyte a connection would be 2 MB here, and 67 MB in the long form.
    expect((await memory()) - before).toBeLessThan(2_000_000);
    await target.stop();
  },
  60_000 + CONNECTIONS * 20,
);

test("a connection of which nobody knows whose it is, for it was reset before it was accepted, is dropped", async () => {
  const server = createServer((socket) => {
    // What the kernel answers then; what is asked last, its reading, may never be answered.
    Object.defineProperty(socket, "remoteAddress", { value: undefined });
    new TcpTransport(socket);
  });
  await event(server.listen(0, "127.0.0.1"), "listening");
  const peer = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await event(peer.resume(), "close");
  server.close();
});

/** One connection: garbage, then an end in one of three ways. */
function once(port: number, garbage: string | Buffer, way: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined).on("close", () => resolve());
    socket.on("connect", () => {
      if (garbage !== "") socket.write(garbage);
      if (way === 0) socket.end(() => socket.destroy());
      else if (way === 1) socket.resetAndDestroy();
      else socket.on("data", () => socket.resetAndDestroy()).setTimeout(30, () => socket.resetAndDestroy());
    });
  });
}
