// The modules of a host are switched off and on, and given other settings, while its clients stay connected.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { OperatedNode } from "./node.ts";
import type { PlainClient } from "./plain-client.ts";

const node = new OperatedNode("verona.test", {});
let port: number;
let romeo: PlainClient;
let juliet: PlainClient;
let asked = 0;

const having = (modules: object) => node.write({ hosts: [{ domain: "verona.test", modules }] });

/** Has the node read its configuration again; what it says where it does not take it. */
async function reload(modules: object): Promise<string> {
  having(modules);
  const { code, stderr } = await node.run("s2s", "reload");
  return code === 0 ? "" : stderr;
}

/** What a client is answered. */
async function ask(client: PlainClient, xml: string, type = "get"): Promise<string> {
  const id = `q${++asked}`;
  client.write(`<iq type='${type}' id='${id}' to='verona.test'>${xml}</iq>`);
  const found = new RegExp(`<iq [^>]*id=['"]${id}['"][^>]*(?:/>|>.*?</iq>)`, "s");
  return found.exec(await client.until(found))?.[0] ?? "";
}

const version = () => ask(romeo, "<query xmlns='jabber:iq:version'/>");

beforeAll(async () => {
  having({});
  ({ c2s: port = 0 } = await node.start());
  for (const name of ["romeo", "juliet"])
    expect((await node.run("account", "add", `${name}@verona.test`)).code).toBe(0);
  romeo = await node.logIn(port, "romeo");
  juliet = await node.logIn(port, "juliet");
  for (const client of [romeo, juliet]) {
    client.write("<presence/>");
    await client.until(/<presence/);
  }
});

afterAll(() => node.end());

/** Both go on to hear each other. */
async function expectTalk(words: string): Promise<void> {
  romeo.write(`<message to='juliet@verona.test' type='chat'><body>${words}</body></message>`);
  await juliet.until(new RegExp(`<body>${words}</body>`));
}

test("a module that is switched off answers nobody, and one that is switched on does so at once", async () => {
  expect(await version()).toContain("<name>Meridian</name>");
  expect(await ask(romeo, "<query xmlns='http://jabber.org/protocol/disco#info'/>")).toContain("jabber:iq:version");
  expect(await reload({ version: false })).toBe("");
  expect(await version()).toContain("service-unavailable");
  expect(await ask(romeo, "<query xmlns='http://jabber.org/protocol/disco#info'/>")).not.toContain("jabber:iq:version");
  await expectTalk("without version");
  expect(await reload({})).toBe("");
  expect(await version()).toContain("<name>Meridian</name>");
});

test("a module takes other settings", async () => {
  expect(await version()).not.toContain("<os>");
  expect(await reload({ version: { showOs: true } })).toBe("");
  expect(await version()).toContain("<os>");
  expect(await reload({})).toBe("");
});

test("a client goes on to use a feature that was taken from it, and what it held back comes", async () => {
  juliet.write("<inactive xmlns='urn:xmpp:csi:0'/>");
  await ask(juliet, "<ping xmlns='urn:xmpp:ping'/>");
  romeo.write("<presence to='juliet@verona.test'><status>held back</status></presence>");
  await ask(romeo, "<ping xmlns='urn:xmpp:ping'/>");
  expect(await reload({ csi: false })).toBe("");
  await juliet.until(/held back/);
  juliet.write("<active xmlns='urn:xmpp:csi:0'/><inactive xmlns='urn:xmpp:csi:0'/>");
  await expectTalk("without csi");
  expect(await reload({})).toBe("");
});

test("what many others need is begun anew beneath them", async () => {
  const without = { offline: false, blocking: false, vcard: false, presence: {}, last: false };
  expect(await reload(without)).toBe("");
  await expectTalk("with little");
  expect(await reload({})).toBe("");
  await expectTalk("with all");
  juliet.write("<presence type='unavailable'/>");
  await juliet.until(/<presence [^>]*type=['"]unavailable['"]/);
  romeo.write("<message to='juliet@verona.test' type='chat'><body>kept</body></message>");
  await ask(romeo, "<ping xmlns='urn:xmpp:ping'/>");
  juliet.write("<presence/>");
  await juliet.until(/<body>kept<\/body>.*<delay/s);
});

test("a configuration with a mistake changes nothing, and says what is wrong", async () => {
  expect(await reload({ version: { showOS: true }, ping: false })).toContain('did you mean "showOs"?');
  expect(await ask(romeo, "<ping xmlns='urn:xmpp:ping'/>")).not.toContain("error");
  expect(await reload({ disco: false })).toContain("needs the module disco, which is left out");
  expect(await version()).not.toContain("<os>");
  await expectTalk("as before");
});
