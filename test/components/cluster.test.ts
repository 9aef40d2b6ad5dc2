// A component is connected to one node of a cluster: clients of every node reach it, and it reaches them. XEP-0114.
import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect } from "@jest/globals";
import { header, RawTcp } from "../attacks/raw.ts";
import { TALK_START } from "../harness/certificates.ts";
import { ManualClock } from "../harness/manual-clock.ts";
import { needing } from "../harness/needing.ts";
import { ServerUnderTest } from "../harness/scene-server.ts";

const { test } = needing("redis");

const DOMAIN = "verona.test";
const COMPONENT = "pets.verona.test";
const SECRET = "a secret of the component";

const OPTIONS = {
  nodes: "2",
  components: JSON.stringify([{ domain: COMPONENT, secret: SECRET }]),
  listeners: JSON.stringify([
    { kind: "c2s", port: 0, tls: "none" },
    { kind: "component", port: 0 },
  ]),
  "authentication.requireTls": "false",
  "authentication.plainWithoutTls": "true",
  "federation.enabled": "false",
};

let cluster: ServerUnderTest;

beforeEach(async () => {
  cluster = new ServerUnderTest({ domain: DOMAIN, options: new Map(Object.entries(OPTIONS)) });
  await cluster.start(new ManualClock(TALK_START), "127.0.0.1:1");
  await cluster.createAccount(DOMAIN, "romeo", undefined);
});
afterEach(async () => {
  await cluster.stop();
  expect(cluster.log.filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
});

function portOf(node: number, kind: string): number {
  return cluster.nodes[node - 1]?.listeners.find((one) => one.kind === kind)?.port ?? 0;
}

async function component(node: number): Promise<RawTcp> {
  const raw = await RawTcp.connect(portOf(node, "component"));
  raw.send(header(COMPONENT, "jabber:component:accept"));
  const id = /id='([^']+)'/.exec(await raw.until(/<stream:stream[^>]*>/))?.[1] ?? "";
  const proof = createHash("sha1")
    .update(id + SECRET)
    .digest("hex");
  raw.send(`<handshake>${proof}</handshake>`);
  await raw.until("<handshake/>");
  await cluster.settle();
  return raw;
}

async function client(node: number, resource: string): Promise<RawTcp> {
  const raw = await RawTcp.connect(portOf(node, "c2s"));
  await raw.open(DOMAIN);
  await raw.login("romeo", DOMAIN);
  await raw.bind(resource);
  await cluster.settle();
  return raw;
}

test("messages and requests go both ways between a component and clients of every node", async () => {
  const pets = await component(1);
  for (const node of [1, 2]) {
    const romeo = await client(node, `r${node}`);
    romeo.send(`<message to='cat@${COMPONENT}/mouse' id='m${node}'><body>Miaow?</body></message>`);
    expect(await pets.until("</message>")).toContain(`from='romeo@${DOMAIN}/r${node}'`);
    pets.send(`<message from='cat@${COMPONENT}' to='romeo@${DOMAIN}/r${node}'><body>Miaow</body></message>`);
    expect(await romeo.until("</message>")).toContain(`from='cat@${COMPONENT}'`);
    pets.send(
      `<iq type='get' from='${COMPONENT}' to='romeo@${DOMAIN}/r${node}' id='q'><ping xmlns='urn:xmpp:ping'/></iq>`,
    );
    await romeo.until(/<iq [^>]*id='q'/);
    romeo.send(`<iq type='result' to='${COMPONENT}' id='q'/>`);
    expect(await pets.until(/<iq [^>]*id='q'[^>]*>/)).toContain(`from='romeo@${DOMAIN}/r${node}'`);
  }
});

test("order is kept over the bus", async () => {
  const pets = await component(1);
  const romeo = await client(2, "r");
  for (let n = 0; n < 200; n += 1) romeo.send(`<message to='${COMPONENT}' id='n${n}'/>`);
  const came = await pets.until("id='n199'");
  const ids = [...came.matchAll(/id='n(\d+)'/g)].map(([, n]) => Number(n));
  expect(ids).toEqual(Array.from({ length: 200 }, (_, n) => n));
});

test("one that goes is gone for every node, and it may come back at another one", async () => {
  const romeo = await client(2, "r");
  const ask = async (id: string) => {
    romeo.send(`<iq type='get' to='${COMPONENT}' id='${id}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    return romeo.until("</iq>");
  };
  expect(await ask("before")).toMatch(/type=.wait.*<remote-server-timeout /);
  const pets = await component(1);
  romeo.send(`<message to='${COMPONENT}' id='first'/>`);
  await pets.until("id='first'");
  pets.send("</stream:stream>");
  await pets.end();
  await cluster.settle();
  expect(await ask("after")).toMatch(/type=.wait.*<remote-server-timeout /);
  const again = await component(2);
  romeo.send(`<message to='${COMPONENT}' id='back'/>`);
  await again.until("id='back'");
});

test("a node that leaves takes its component along; senders elsewhere are told", async () => {
  const pets = await component(1);
  const romeo = await client(2, "r");
  romeo.send(`<message to='${COMPONENT}' id='there'/>`);
  await pets.until("id='there'");
  await cluster.drain(1);
  expect(await pets.end()).toContain("<system-shutdown ");
  romeo.send(`<iq type='get' to='${COMPONENT}' id='after'><ping xmlns='urn:xmpp:ping'/></iq>`);
  expect(await romeo.until("</iq>")).toMatch(/type=.wait.*<remote-server-timeout /);
});
