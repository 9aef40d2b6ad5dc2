// External components over a real socket: handshake, both ways, forged senders, conflicts, absence and shutdown. XEP-0114.
import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { DOMAIN, startTarget, type Target } from "../attacks/node.ts";
import { header, RawTcp } from "../attacks/raw.ts";

const COMPONENT = "pets.verona.test";
const SECRET = "a secret of the component";
const NS = "jabber:component:accept";

let target: Target;
let port: number;

beforeEach(async () => {
  target = await startTarget({
    components: JSON.stringify([{ domain: COMPONENT, secret: SECRET }]),
    listeners: JSON.stringify([
      { kind: "c2s", port: 0, tls: "none" },
      { kind: "component", port: 0 },
    ]),
    "federation.enabled": "false",
  });
  port = target.listeners.find(({ kind }) => kind === "component")?.port ?? 0;
  await target.account("romeo");
});
afterEach(async () => {
  await target.stop();
  target.noErrors();
});

/** Opens a stream; the stream's id. */
async function open(raw: RawTcp, domain = COMPONENT): Promise<string> {
  raw.send(header(domain, NS));
  return /id='([^']+)'/.exec(await raw.until(/<stream:stream[^>]*>/))?.[1] ?? "";
}

function proof(id: string, secret: string): string {
  return `<handshake>${createHash("sha1")
    .update(id + secret)
    .digest("hex")}</handshake>`;
}

async function component(): Promise<RawTcp> {
  const raw = await RawTcp.connect(port);
  raw.send(proof(await open(raw), SECRET));
  await raw.until("<handshake/>");
  return raw;
}

async function romeo(): Promise<RawTcp> {
  const raw = await RawTcp.connect(target.listeners.find(({ kind }) => kind === "c2s")?.port ?? 0);
  await raw.open(DOMAIN);
  await raw.login("romeo", DOMAIN);
  await raw.bind("r");
  return raw;
}

test("the right secret is accepted, and messages go both ways", async () => {
  const pets = await component();
  const client = await romeo();
  client.send(`<message to='cat@${COMPONENT}/mouse' id='1'><body>Miaow?</body></message>`);
  const came = await pets.until("</message>");
  expect(came).toContain(`from='romeo@${DOMAIN}/r'`);
  expect(came).toContain(`to='cat@${COMPONENT}/mouse'`);
  pets.send(`<message from='cat@${COMPONENT}/mouse' to='romeo@${DOMAIN}/r' id='2'><body>Miaow</body></message>`);
  expect(await client.until("</message>")).toContain(`from='cat@${COMPONENT}/mouse'`);
  pets.send(`<iq type='get' from='${COMPONENT}' to='${DOMAIN}' id='3'><ping xmlns='urn:xmpp:ping'/></iq>`);
  expect(await pets.until(/<iq [^>]*>/)).toMatch(/type='result'/);
});

test.each([
  ["a wrong secret", (id: string) => proof(id, "another secret altogether")],
  ["the proof of another stream", () => proof("x", SECRET)],
  ["no proof", () => "<handshake/>"],
  ["a stanza instead", () => `<message from='${COMPONENT}' to='romeo@${DOMAIN}'><body>x</body></message>`],
])("%s is refused", async (_name, text) => {
  const raw = await RawTcp.connect(port);
  raw.send(text(await open(raw)));
  expect(await raw.end()).toContain("<not-authorized ");
});

test.each([DOMAIN, "mantua.test", "__proto__", "constructor"])("nobody becomes %s", async (domain) => {
  const raw = await RawTcp.connect(port);
  raw.send(header(domain, NS));
  expect(await raw.end()).toContain("<host-unknown ");
});

test("a client's stream is none of a component", async () => {
  const raw = await RawTcp.connect(port);
  raw.send(header(COMPONENT));
  expect(await raw.end()).toContain("<invalid-namespace ");
});

test.each([
  ["another domain", `from='romeo@${DOMAIN}'`, "invalid-from"],
  ["a domain below its own", `from='x@sub.${COMPONENT}'`, "invalid-from"],
  ["a domain that ends alike", `from='evil${COMPONENT}'`, "invalid-from"],
  ["nobody", "", "improper-addressing"],
  ["no JID", "from='@'", "improper-addressing"],
])("a component cannot speak for %s", async (_name, from, condition) => {
  const pets = await component();
  const client = await romeo();
  pets.send(`<message ${from} to='romeo@${DOMAIN}/r' id='forged'><body>x</body></message>`);
  expect(await pets.end()).toContain(`<${condition} `);
  client.send("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
  expect(await client.until("id='p'")).not.toContain("forged");
});

test.each([
  ["no JID as `to`", `<message from='cat@${COMPONENT}' to='@@' id='bad'/>`, "jid-malformed", COMPONENT],
  [
    "a `to` of older rules",
    `<message from='cat@${COMPONENT}' to='♥@${DOMAIN}' id='bad'/>`,
    "jid-malformed",
    `♥@${DOMAIN}`,
  ],
  ["no `to`", `<message from='cat@${COMPONENT}' id='bad'/>`, "jid-malformed", COMPONENT],
  [
    "a `from` of older rules",
    `<presence from='♥@${COMPONENT}' to='a@${DOMAIN}' id='bad'/>`,
    "jid-malformed",
    `a@${DOMAIN}`,
  ],
  ["an IQ without id", `<iq from='${COMPONENT}' to='${DOMAIN}' type='get'><a xmlns='a'/></iq>`, "bad-request", DOMAIN],
  ["a request without child", `<iq from='${COMPONENT}' to='${DOMAIN}' type='get' id='bad'/>`, "bad-request", DOMAIN],
])("a component's stanza with %s is answered alone", async (_name, text, condition, from) => {
  const pets = await component();
  const before = target.server.metrics.faultyOfComponents;
  pets.send(text);
  const answer = await pets.until(/<\/(message|presence|iq)>/);
  expect(answer).toContain(`<${condition} `);
  expect(answer).toContain(`from='${from}'`);
  expect(target.server.metrics.faultyOfComponents).toBe(before + 1);
  pets.send(`<iq type='get' from='${COMPONENT}' to='${DOMAIN}' id='on'><ping xmlns='urn:xmpp:ping'/></iq>`);
  expect(await pets.until("id='on'")).toBeDefined();
});

test("a second connection gets a conflict, and the first one stays", async () => {
  const pets = await component();
  const second = await RawTcp.connect(port);
  second.send(proof(await open(second), SECRET));
  expect(await second.end()).toContain("<conflict ");
  const client = await romeo();
  client.send(`<message to='${COMPONENT}' id='still'/>`);
  await pets.until("id='still'");
});

test("a component that is not there: what is sent to it comes back at once; it may return", async () => {
  const client = await romeo();
  const ask = async (id: string) => {
    client.send(`<iq type='get' to='${COMPONENT}' id='${id}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    return client.until("</iq>");
  };
  expect(await ask("before")).toMatch(/type=.wait.*<remote-server-timeout /);
  const pets = await component();
  pets.send("</stream:stream>");
  await pets.end();
  expect(await ask("after")).toMatch(/type=.wait.*<remote-server-timeout /);
  const again = await component();
  client.send(`<message to='${COMPONENT}' id='back'/>`);
  await again.until("id='back'");
});

test("clients find it among the items of the host above it", async () => {
  const client = await romeo();
  client.send(`<iq type='get' to='${DOMAIN}' id='i'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`);
  expect(await client.until("</iq>")).toMatch(new RegExp(`<item jid=["']${COMPONENT}["']/>`));
});

test("who does not prove itself in ten seconds is cut", async () => {
  const raw = await RawTcp.connect(port);
  await open(raw);
  await target.clock.advance(10_001);
  expect(await raw.end()).toContain("<connection-timeout ");
});

test("a server that goes tells its components", async () => {
  const pets = await component();
  await target.server.drain();
  expect(await pets.end()).toContain("<system-shutdown ");
});

test("a component's domain is ours where it cannot even connect: nothing of it goes to other servers", async () => {
  const alone = await startTarget({ components: JSON.stringify([{ domain: COMPONENT, secret: SECRET }]) });
  await alone.account("romeo");
  const client = await RawTcp.connect(alone.ports.c2s);
  await client.open(DOMAIN);
  await client.login("romeo", DOMAIN);
  await client.bind("r");
  client.send(`<iq type='get' to='${COMPONENT}' id='1'><ping xmlns='urn:xmpp:ping'/></iq>`);
  expect(await client.until("</iq>")).toMatch(/type=.wait.*<remote-server-timeout /);
  await alone.stop();
});
