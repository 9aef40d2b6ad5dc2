// Input made to cost more than it weighs: bombs, depth, floods and what never ends, at every stage and transport.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { DOMAIN, startTarget, type Target } from "./node.ts";
import { RawTcp, RawWebSocket } from "./raw.ts";

let target: Target;
let stream: RawTcp | RawWebSocket | undefined;

beforeAll(async () => {
  // Time is held, and with it the rate would hold what is to be refused.
  target = await startTarget({ "limits.preAuthBytesPerSecond": "100000000" });
  await target.account("romeo");
});
afterEach(() => stream?.destroy());
afterAll(() => target.stop());

const MEGABYTE = "a".repeat(1 << 20);
const BOMB =
  '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>';

/** What is sent as the next element, and how the stream must end. */
const ATTACKS: readonly (readonly [name: string, text: string, condition: string])[] = [
  ["an entity bomb", `${BOMB}<message><body>&c;</body></message>`, "restricted-xml"],
  ["a DTD within an element", `<message xmlns='jabber:client'>${BOMB}</message>`, "restricted-xml|not-well-formed"],
  ["an entity that is not XML's own", "<message xmlns='jabber:client'><body>&lol9;</body></message>", "restricted-xml"],
  ["a character reference to NUL", "<message xmlns='jabber:client'><body>&#0;</body></message>", "not-well-formed"],
  ["a processing instruction", "<?php x?><message xmlns='jabber:client'/>", "restricted-xml"],
  ["depth", `<message xmlns='jabber:client'>${"<a>".repeat(3000)}</b>`, "policy-violation|not-well-formed"],
  ["an attribute twice", "<message xmlns='jabber:client' id='1' id='2'/>", "not-well-formed"],
];

/** Well-formed, and over a bound: a stanza of that kind is refused alone once stanzas may be sent. */
const FLAWS: readonly (readonly [name: string, text: string])[] = [
  ["depth that is well-formed", `<message xmlns='jabber:client'>${"<a>".repeat(100)}${"</a>".repeat(100)}</message>`],
  ["attributes", `<message xmlns='jabber:client'${flood((i) => ` a${i}=''`, 900)}/>`],
  ["namespaces", `<message xmlns='jabber:client'${flood((i) => ` xmlns:n${i}='n'`, 400)}/>`],
  ["a name that expat refuses", "<message xmlns='jabber:client'><\u{1f600} xmlns='u'/></message>"],
];

/** What never ends. */
const ENDLESS: readonly (readonly [name: string, start: string])[] = [
  ["a tag without its end", "<message "],
  ["an element's name", "<"],
  ["an attribute's value", "<message xmlns='jabber:client' id='"],
  ["an attribute's name", "<message xmlns='jabber:client' "],
  ["text", "<message xmlns='jabber:client'><body>"],
  ["a CDATA section", "<message xmlns='jabber:client'><body><![CDATA["],
  ["an end tag", "<message xmlns='jabber:client'></message"],
  ["an entity", "<message xmlns='jabber:client'><body>&"],
];

function flood(one: (index: number) => string, count: number): string {
  return Array.from({ length: count }, (_, index) => one(index)).join("");
}

const STAGES = ["before the header", "open", "TLS", "authenticated", "bound"] as const;

async function tcp(stage: (typeof STAGES)[number]): Promise<RawTcp> {
  const raw = await RawTcp.connect(target.ports.c2s);
  stream = raw;
  if (stage === "before the header") return raw;
  await raw.open(DOMAIN);
  if (stage === "open") return raw;
  await raw.starttls(DOMAIN);
  await raw.open(DOMAIN);
  if (stage === "TLS") return raw;
  await raw.login("romeo", DOMAIN);
  if (stage === "bound") await raw.bind("orchard");
  return raw;
}

async function webSocket(stage: "open" | "bound"): Promise<RawWebSocket> {
  const raw = await RawWebSocket.connect(target.ports.http);
  stream = raw;
  await raw.open(DOMAIN);
  if (stage === "open") return raw;
  await raw.login("romeo", DOMAIN);
  await raw.bind("orchard");
  return raw;
}

/** The stream error that ends it. */
async function condition(raw: RawTcp | RawWebSocket): Promise<string> {
  const last = await raw.end();
  return /<stream:error[^>]*><([a-z-]+) /.exec(last)?.[1] ?? `no stream error, but: ${last}`;
}

/** The stanza is answered with an error, and what comes after it is taken. */
async function refusedAlone(raw: RawTcp | RawWebSocket): Promise<void> {
  await raw.until(/<message[^>]* type='error'[^>]*><error type='modify'><policy-violation /);
  raw.send("<iq xmlns='jabber:client' type='get' id='on'><ping xmlns='urn:xmpp:ping'/></iq>");
  await raw.until(/<iq[^>]* id='on'/);
  expect(raw.ended).toBe(false);
  raw.destroy();
  await gone();
}

async function gone(): Promise<void> {
  await target.settle("streams and sessions gone", async () => (await target.connections()) === 0);
  expect(target.server.sessionCount).toBe(0);
  target.noErrors();
}

describe.each(STAGES)("TCP, %s", (stage) => {
  // What is no header is refused as such, before it is looked into: only DTD and instruction say their own.
  test.each(ATTACKS)("%s", async (_name, text, expected) => {
    const raw = await tcp(stage);
    raw.send(text);
    const early = stage === "before the header" ? "|invalid-namespace|bad-format|not-well-formed" : "";
    expect(await condition(raw)).toMatch(new RegExp(`^(${expected}${early})$`));
    await gone();
  });

  test.each(FLAWS)("%s", async (_name, text) => {
    const raw = await tcp(stage);
    raw.send(text);
    if (stage === "bound") return refusedAlone(raw);
    expect(await condition(raw)).toMatch(
      stage === "authenticated" ? /^not-authorized$/ : /^(policy-violation|invalid-namespace)$/,
    );
    await gone();
  });

  test.each(ENDLESS)("%s, without end", async (_name, start) => {
    const raw = await tcp(stage);
    raw.send(start);
    for (let i = 0; i < (stage === "bound" ? 10 : 2) && !raw.ended; i++) {
      raw.send(MEGABYTE);
      await raw.sent();
    }
    expect(await raw.end()).toMatch(/<(policy-violation|not-well-formed|invalid-namespace|bad-format) |^$/);
    // The server read its limit and what the kernel had brought with it, not the ten.
    await gone();
  });
});

describe.each(["open", "bound"] as const)("WebSocket, %s", (stage) => {
  test.each(ATTACKS)("%s", async (_name, text, expected) => {
    const raw = await webSocket(stage);
    raw.send(text);
    expect(await condition(raw)).toMatch(new RegExp(`^(${expected}|not-well-formed)$`));
    await gone();
  });

  test.each(FLAWS)("%s", async (_name, text) => {
    const raw = await webSocket(stage);
    raw.send(text);
    if (stage === "bound") return refusedAlone(raw);
    expect(await condition(raw)).toBe("policy-violation");
    await gone();
  });

  test.each(ENDLESS)("%s, without end", async (_name, start) => {
    const raw = await webSocket(stage);
    raw.send(start + MEGABYTE);
    await raw.end();
    await gone();
  });

  test("two elements in one frame", async () => {
    const raw = await webSocket(stage);
    raw.send("<presence xmlns='jabber:client'/><presence xmlns='jabber:client'/>");
    expect(await condition(raw)).toMatch(/^(not-well-formed|bad-format)$/);
    await gone();
  });
});

describe.each(["open", "bound"] as const)("WebSocket frames that cannot be taken, %s", (stage) => {
  test.each([
    ["too large", (raw: RawWebSocket) => raw.socket.send("a".repeat(262_145)), "policy-violation", 1009],
    [
      "no UTF-8",
      (raw: RawWebSocket) => raw.socket.send(Buffer.from([0x3c, 0xff]), { binary: false }),
      "unsupported-encoding",
      1007,
    ],
    ["binary", (raw: RawWebSocket) => raw.socket.send(Buffer.from("<presence/>")), "bad-format", 1000],
  ] as const)("%s", async (_name, send, expected, code) => {
    const raw = await webSocket(stage);
    const closed = new Promise((resolve) => raw.socket.once("close", resolve));
    send(raw);
    expect(await condition(raw)).toBe(expected);
    expect(raw.text).toContain("<close ");
    expect(await closed).toBe(code);
    await gone();
  });
});
