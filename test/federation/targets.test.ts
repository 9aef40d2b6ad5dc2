// Backup targets: one that is no way, for whatever reason, holds up none of the others, within one attempt.
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Ground } from "./nodes.ts";

let ground: Ground;
let servers: Server[];
let sockets: Set<Socket>;

beforeEach(async () => {
  ground = await Ground.lay();
  servers = [];
  sockets = new Set();
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  await ground.clear();
});

const portOf = (server: Server) => (server.address() as AddressInfo).port;

/** Listens, and answers each connection so. */
async function answering(answer: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    answer(socket);
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return portOf(server);
}

const HEADER =
  "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' id='1' from='svc.b.test' version='1.0'>";
const STARTTLS = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
const error = (condition: string) =>
  `${HEADER}<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`;
const once1 = (socket: Socket, text: string) => socket.once("data", () => socket.write(text));

/** Ports of targets that are no way, by what is wrong with them. */
const BAD: Readonly<Record<string, () => Promise<{ readonly port: number; readonly direct?: boolean }>>> = {
  "takes the connection and is silent": async () => ({ port: await answering(() => {}) }),
  "is silent after its header": async () => ({ port: await answering((socket) => void once1(socket, HEADER)) }),
  "closes at once": async () => ({ port: await answering((socket) => socket.destroy()) }),
  "listens no more": async () => {
    const port = await answering(() => {});
    servers.pop()?.close();
    return { port };
  },
  "speaks HTTP": async () => ({
    port: await answering((socket) => void once1(socket, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")),
  }),
  "does not know the domain": async () => ({
    port: await answering((socket) => void once1(socket, error("host-unknown"))),
  }),
  "is overloaded": async () => ({
    port: await answering((socket) => void once1(socket, error("resource-constraint"))),
  }),
  "offers no TLS": async () => ({
    port: await answering((socket) => void once1(socket, `${HEADER}<stream:features/>`)),
  }),
  "fails STARTTLS": async () => ({
    port: await answering((socket) => {
      socket.once("data", () => {
        socket.write(HEADER + STARTTLS);
        socket.once("data", () => {
          socket.write("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
          socket.once("data", () => socket.write("no TLS at all, and never will be"));
        });
      });
    }),
  }),
  "is silent in STARTTLS": async () => ({
    port: await answering((socket) => {
      socket.once("data", () => {
        socket.write(HEADER + STARTTLS);
        socket.once("data", () => socket.write("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"));
      });
    }),
  }),
  "has no direct TLS where DNS says so": async () => ({
    port: await answering((socket) => void once1(socket, HEADER)),
    direct: true,
  }),
  "is silent where direct TLS should be": async () => ({ port: await answering(() => {}), direct: true }),
};

/** Says that `domain` has these targets, in this order. */
function announce(domain: string, targets: readonly { readonly port: number; readonly direct?: boolean }[]): void {
  const records = targets.map(({ port, direct }, i) => ({
    name: `${direct === true ? "_xmpps-server" : "_xmpp-server"}._tcp.${domain}`,
    type: "SRV" as const,
    priority: i + 1,
    weight: 1,
    port,
    target: "h.targets.test",
  }));
  ground.announceRecords(domain, [...records, { name: "h.targets.test", type: "A", address: "127.0.0.1" }]);
}

test.each(Object.keys(BAD))("a first target that %s: the second one is reached within the attempt", async (what) => {
  const a = await ground.node("a.test", { connectSeconds: 10 });
  const b = await ground.node("b.test");
  const bad = await BAD[what]?.();
  announce(b.service, [bad ?? { port: 1 }, { port: b.port }]);
  a.send(`y@${b.service}`, "Hark");
  await b.until(() => b.received.length > 0, "the message");
  expect(b.bodies()).toEqual(["Hark"]);
  expect(a.received).toEqual([]);
  expect(a.log.join("")).not.toContain("s2s out failed");
});

test("every kind of bad target before the good one, and the one that was well is first the next time", async () => {
  const a = await ground.node("a.test", { idleSeconds: 1 });
  const b = await ground.node("b.test");
  const bad = await Promise.all(Object.values(BAD).map((make) => make()));
  announce(b.service, [...bad, { port: b.port }]);
  a.send(`y@${b.service}`, "one");
  await b.until(() => b.received.length === 1, "the first message", 20_000);
  await a.until(() => a.log.some((line) => line.includes("s2s out ended")), "the end of the idle stream");
  const tried: unknown[] = [];
  const stop = a.federation.watch(b.service, ({ event, facts }) => {
    if (event === "connected") tried.push(facts.port);
  });
  a.send(`y@${b.service}`, "two");
  await b.until(() => b.received.length === 2, "the second message");
  stop();
  // On a busy machine others may be tried beside it by then.
  expect(tried[0]).toBe(b.port);
}, 40_000);

test("where no target is a way, each is named with what it said, and host-unknown from all of them means not found", async () => {
  const a = await ground.node("a.test");
  const [unknown, http] = await Promise.all([BAD["does not know the domain"]?.(), BAD["speaks HTTP"]?.()]);
  announce("c.test", [unknown ?? { port: 1 }, http ?? { port: 1 }]);
  announce("d.test", [unknown ?? { port: 1 }, unknown ?? { port: 1 }]);
  a.send("y@c.test", "c");
  a.send("y@d.test", "d");
  await a.until(() => a.received.length === 2, "both back");
  const conditions = new Map(
    a.received.map((stanza) => [stanza.id, stanza.element().getChild("error")?.getChildElements()[0]?.getName()]),
  );
  expect(conditions.get("c")).toBe("remote-server-timeout");
  expect(conditions.get("d")).toBe("remote-server-not-found");
  const status = a.federation.outgoingStatus().find(({ to }) => to === "c.test");
  expect(status?.lastError).toMatch(/port \d+: the peer ended the stream: host-unknown; h\.targets\.test port \d+: /);
});
