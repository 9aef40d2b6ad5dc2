// What names lead to on this machine or behind the firewall is not dialled, for users nor for strangers, and nobody is told.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { FederationConfig } from "../../contract/contract.ts";
import { Ground, type TestNode } from "./nodes.ts";

let ground: Ground;
let trap: Server;
let caught: number;
let closed: number;

beforeEach(async () => {
  ground = await Ground.lay();
  caught = 0;
  trap = createServer((socket) => {
    caught++;
    socket.destroy();
  }).listen(0, "127.0.0.1");
  const gone = createServer().listen(0, "127.0.0.1");
  await Promise.all([once(trap, "listening"), once(gone, "listening")]);
  closed = (gone.address() as AddressInfo).port;
  gone.close();
});

afterEach(async () => {
  trap.close();
  await ground.clear();
});

const portOf = (server: Server) => (server.address() as AddressInfo).port;

/** What a stranger is answered who claims a domain to a node, before any proof. XEP-0220 §2.1.1 */
async function claim(node: TestNode, domain: string): Promise<string> {
  const socket = connect(node.port, "127.0.0.1");
  socket.setEncoding("utf8");
  let text = "";
  const answered = new Promise<void>((resolve) => {
    socket.on("data", (chunk) => {
      text += String(chunk);
      if (/<\/db:result>|<\/stream:stream>/.test(text)) resolve();
    });
    socket.on("close", () => resolve());
  });
  socket.write(
    `<stream:stream xmlns='jabber:server' xmlns:db='jabber:server:dialback' xmlns:stream='http://etherx.jabber.org/streams' to='${node.service}' from='${domain}' version='1.0'>` +
      `<db:result from='${domain}' to='${node.service}'>key</db:result>`,
  );
  await answered;
  socket.destroy();
  return /<db:result.*<\/db:result>/.exec(text)?.[0].replaceAll(domain, "DOMAIN") ?? text;
}

test("SRV records, literals and localhost lead nowhere, open or closed: users and strangers are told the same", async () => {
  const a = await ground.node("a.test", { privateNetworks: [], requireEncryption: false, posh: true });
  ground.announce("open.test", portOf(trap));
  ground.announce("closed.test", closed);
  ground.announce("mapped.test", portOf(trap), false, [
    { name: "h.mapped.test", type: "AAAA", address: "::ffff:127.0.0.1" },
  ]);
  const domains = ["open.test", "closed.test", "mapped.test", "127.0.0.1", "[::1]", "foo.localhost"];
  for (const domain of domains) a.send(`y@${domain}`, domain);
  await a.until(() => a.received.length === domains.length, "every message back");
  expect(a.bodies().sort()).toEqual(domains.map((domain) => `error ${domain}`).sort());
  const errors = a.received.map((stanza) => {
    const error = stanza.element().getChild("error");
    const domain = stanza.from?.domain ?? "";
    return `${error?.getChildElements()[0]?.getName()}: ${error?.getChildText("text")?.replaceAll(domain, "DOMAIN")}`;
  });
  expect([...new Set(errors)]).toEqual(["remote-server-timeout: DOMAIN could not be reached"]);
  const strangers = await Promise.all(domains.map((domain) => claim(a, domain)));
  expect(new Set(strangers).size).toBe(1);
  expect(strangers[0]).toContain("remote-connection-failed");
  expect(caught).toBe(0);
  // The operator reads why. What nobody listens at is refused in the same way: only this tells that it was not tried.
  const why = (domain: string) => a.federation.outgoingStatus().find(({ to }) => to === domain)?.lastError;
  const loopback = domains.filter((domain) => !["mapped.test", "[::1]"].includes(domain));
  for (const domain of loopback)
    expect(why(domain)).toContain("127.0.0.1 is not dialled: it is no address of the public");
  expect(why("[::1]")).toContain("::1 is not dialled: it is no address of the public Internet");
  expect(why("mapped.test")).toContain("::ffff:7f00:1 is not dialled: it is no address of the public Internet");
});

test("networks of one's own are dialled, from a reload on", async () => {
  const a = await ground.node("a.test", { privateNetworks: [] });
  const b = await ground.node("b.test");
  a.send(`y@${b.service}`, "one");
  await a.until(() => a.received.length === 1, "the message back");
  a.federation.reload(FederationConfig.parse({ ...a.config.federation, privateNetworks: ["127.0.0.0/8"] }));
  a.send(`y@${b.service}`, "two");
  await a.until(() => b.received.length === 1, "the second message");
  expect(b.bodies()).toEqual(["two"]);
});
