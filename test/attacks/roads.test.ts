// What is accepted at the client's door arrives by every road, however close to the bounds it is, and no link suffers.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Client } from "../harness/client.ts";
import { needing } from "../harness/needing.ts";
import { Scene } from "../harness/scene.ts";
import { childOf, elementsOf, type XmlNode } from "../harness/xml-node.ts";
import { COUNTED, essence, SHAPES, type Shape } from "./roads.ts";

const BODY = "<body>Hark</body>";
const SM = "urn:xmpp:sm:3";
/** A resource that grows sixfold where it is an attribute, and is as long as one may be. RFC 7622 §3.4. */
const GROWING = "&apos;".repeat(1023);
/** As long as a header's may be. */
const LANGUAGE = `x${"-12345678".repeat(7)}`;

let scene: Scene;

beforeEach(async () => {
  scene = new Scene();
  const options = new Map([
    ["nodes", "2"],
    // Time stands still, and with it the rates would hold what is sent.
    ["limits.bytesPerSecond", "1000000000"],
    ["federation.bytesPerSecond", "1000000000"],
  ]);
  scene.prepare({ line: 1, do: "server", domain: "verona.test", options });
  scene.prepare({ line: 1, do: "server", domain: "capulet.test", options: new Map([...options].slice(1)) });
  scene.prepare({ line: 1, do: "peer", domain: "montague.test", options: new Map() });
  await scene.start();
});
afterEach(() => scene.stop());

async function client(name: string, jid: string, options: Record<string, string> = {}): Promise<Client> {
  await scene.client(name, jid, new Map(Object.entries(options)));
  return scene.actors.get(name) as Client;
}

/** All messages that came, and nothing else but presence; what stream management asks for is answered. */
async function messages(one: Client | { readonly name: string }, count: number): Promise<XmlNode[]> {
  const { inbox } = scene.actors.get(one.name)!;
  const found: XmlNode[] = [];
  while (found.length < count) {
    const item = await inbox.next();
    if (item.kind !== "element") throw new Error(`${one.name}: ${item.kind} after ${found.length} messages`);
    if (item.node.name === "message") found.push(item.node);
    if (item.node.name === "r") (one as Client).send(`<a xmlns='${SM}' h='${found.length}'/>`);
  }
  return found;
}

function within(copy: XmlNode, direction: "sent" | "received"): XmlNode {
  const forwarded = childOf(childOf(copy, direction, "urn:xmpp:carbons:2")!, "forwarded", "urn:xmpp:forward:0")!;
  return elementsOf(forwarded)[0]!;
}

/** Sends each shape to the address, and gives what has to arrive. */
function send(sender: Client, to: string, first = BODY, shapes: readonly Shape[] = SHAPES): string[] {
  const address = to.replaceAll("&", "&amp;").replaceAll("'", "&apos;");
  return shapes.map(({ what, text }) => {
    const written = text(address, what.replaceAll(" ", "-"), first);
    sender.send(written);
    return essence(written);
  });
}

async function asleep(name: string, jid: string): Promise<string> {
  const one = await client(name, jid, { node: "2", online: "true" });
  one.send(`<enable xmlns='${SM}' resume='true'/>`);
  const item = await one.inbox.next();
  const id = item.kind === "element" ? item.node.attributes.get("id") : undefined;
  await one.barrier();
  one.cut();
  return id ?? "";
}

needing("redis").describe("at the bounds", () => {
  test("a message comes to a session beside it, at another node, and to the devices of both as copies", async () => {
    const romeo = await client("romeo", `romeo@verona.test/${GROWING}`, { node: "1", online: "true", lang: LANGUAGE });
    const phone = await client("phone", "romeo@verona.test/phone", { node: "2", online: "true" });
    const juliet = await client("juliet", `juliet@verona.test/${GROWING}`, { node: "1", online: "true" });
    const tablet = await client("tablet", "juliet@verona.test/tablet", { node: "2", online: "true" });
    for (const device of [phone, tablet]) {
      device.send("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
      await device.barrier();
    }
    const nurse = await client("nurse", "nurse@verona.test/n", { node: "2", online: "true" });
    const beside = send(romeo, juliet.full!);
    expect((await messages(juliet, beside.length)).map(essence)).toEqual(beside);
    expect((await messages(tablet, beside.length)).map((copy) => essence(within(copy, "received")))).toEqual(beside);
    expect((await messages(phone, beside.length)).map((copy) => essence(within(copy, "sent")))).toEqual(beside);
    const elsewhere = send(romeo, nurse.full!);
    expect((await messages(nurse, elsewhere.length)).map(essence)).toEqual(elsewhere);
    await scene.sync();
    expect(romeo.live && juliet.live && phone.live && tablet.live && nurse.live).toBe(true);
  });

  test("it comes to who was away, asleep or not looking", async () => {
    const romeo = await client("romeo", `romeo@verona.test/${GROWING}`, { node: "1", online: "true", lang: LANGUAGE });
    await scene.serverOf("verona.test").createAccount("verona.test", "away", undefined);
    const away = send(romeo, "away@verona.test");
    await asleep("sleeper", "sleeper@verona.test/s");
    const held = send(romeo, "sleeper@verona.test/s");
    const resumable = await asleep("dreamer", "dreamer@verona.test/d");
    const dreamt = send(romeo, "dreamer@verona.test/d");
    const idle = await client("idle", "idle@verona.test/i", { node: "2", online: "true" });
    idle.send("<inactive xmlns='urn:xmpp:csi:0'/>");
    await idle.barrier();
    const waiting = send(romeo, "idle@verona.test/i", "");
    await romeo.barrier();
    idle.send("<active xmlns='urn:xmpp:csi:0'/>");
    expect((await messages(idle, waiting.length)).map(essence)).toEqual(waiting);

    const unregistered = { unregistered: "true", node: "2", stage: "bound" };
    const back = await client("back", "away@verona.test/b", unregistered);
    back.send("<presence/>");
    expect((await messages(back, away.length)).map(essence)).toEqual(away);
    const other = await client("other", "sleeper@verona.test/other", unregistered);
    other.send("<presence/>");
    expect((await messages(other, held.length)).map(essence)).toEqual(held);
    const awake = await client("awake", "dreamer@verona.test", { ...unregistered, node: "1", stage: "authenticated" });
    awake.send(`<resume xmlns='${SM}' previd='${resumable}' h='0'/>`);
    expect((await messages(awake, dreamt.length)).map(essence)).toEqual(dreamt);
    expect(romeo.wire.ended || awake.wire.ended || other.wire.ended).toBe(false);
  });

  test("it comes to other servers, on one stream that lives on", async () => {
    const romeo = await client("romeo", `romeo@verona.test/${GROWING}`, { node: "1", online: "true", lang: LANGUAGE });
    const tybalt = await client("tybalt", `tybalt@capulet.test/${GROWING}`, { online: "true" });
    const sent = send(romeo, tybalt.full!);
    expect((await messages(tybalt, sent.length)).map(essence)).toEqual(sent);
    const abroad = send(romeo, "benvolio@montague.test/b");
    expect((await messages({ name: "montague" }, abroad.length)).map(essence)).toEqual(abroad);
    const links = scene.serverOf("verona.test").nodes.flatMap(({ federation }) => federation!.outgoingStatus());
    expect(links.map(({ to, state, lastError }) => [to, state, lastError]).sort()).toEqual([
      ["capulet.test", "up", undefined],
      ["montague.test", "up", undefined],
    ]);
  });

  test.each(COUNTED)("%s beyond the bound are refused alone, by every road", async (_what, shape) => {
    const romeo = await client("romeo", "romeo@verona.test/orchard", { node: "1", online: "true" });
    for (const to of ["juliet@verona.test", "tybalt@capulet.test/x", "benvolio@montague.test"]) {
      romeo.send(shape(1)(to, "over", BODY));
      const [refusal] = await messages(romeo, 1);
      expect(refusal?.attributes.get("type")).toBe("error");
      expect(childOf(childOf(refusal!, "error")!, "policy-violation")).toBeDefined();
    }
    expect(romeo.live).toBe(true);
  });
});
