// Strangers learn from no answer whether there is an account: everything an account answers to is tried.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { parseElement } from "../../xmpp/xml/tree.ts";
import { parseTalk } from "../harness/parse-talk.ts";
import { runTalk } from "../harness/run-talk.ts";
import { bound } from "./bound.ts";
import { DOMAIN, startTarget, type Target } from "./node.ts";
import type { RawTcp } from "./raw.ts";

/** What a stranger is told, where it is anything but `service-unavailable`. XEP-0030 §8. */
const ANSWERS: Readonly<Record<string, string>> = { "get http://jabber.org/protocol/disco#items query": "result" };

/** What an account publishes for everybody: whoever did has chosen to be found. XEP-0054 §3.2. */
const PUBLISHED = "get vcard-temp vCard";

/** Accounts that exist: one without anything, one that keeps much, one that is online. */
const THERE = ["juliet", "benvolio", "rosaline"] as const;

const STATE = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
const NO_STORE = "<no-store xmlns='urn:xmpp:hints'/>";

/**
 * Messages that are alike to whoever is away and to nobody. One with words for later is not among them: it is kept for
 * an account, and returned where there is none, so that no mistyped address swallows it. RFC 6121 §8.5.1, §8.5.2.2.
 */
const MESSAGES: readonly (readonly [string, string])[] = [
  ["chat", STATE],
  ["chat", `${STATE}<thread>t</thread>`],
  ["chat", STATE + NO_STORE],
  ["normal", STATE],
  ["normal", "<received xmlns='urn:xmpp:receipts' id='1'/>"],
  ["chat", "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>"],
  ["chat", `<body>b</body>${NO_STORE}`],
  ["groupchat", "<body>b</body>"],
  ["headline", "<body>b</body>"],
  ["error", "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"],
];

/** What a probe of a stranger is answered, whoever is there or not; other presence is answered by nothing. */
const PROBE = "probe";

/** A subscription last: it is remembered. */
const PRESENCE = ["", "unavailable", PROBE, "error", "subscribed", "unsubscribed", "unsubscribe", "subscribe"];

let target: Target;
let tybalt: RawTcp;
let rosaline: RawTcp;

beforeAll(async () => {
  target = await startTarget();
  for (const local of ["tybalt", ...THERE]) await target.account(local);
  const benvolio = await bound(target, "benvolio");
  for (const kept of [
    "<vCard xmlns='vcard-temp'><FN>Benvolio</FN></vCard>",
    "<query xmlns='jabber:iq:private'><x xmlns='of:his:own'>y</x></query>",
    "<query xmlns='jabber:iq:roster'><item jid='mercutio@verona.test'/></query>",
  ]) {
    benvolio.send(`<iq xmlns='jabber:client' type='set' id='kept'>${kept}</iq>`);
    expect(await benvolio.until(/<iq[^>]* id='kept'[^>]*>/)).toContain("type='result'");
  }
  benvolio.send("<presence xmlns='jabber:client' type='unavailable'><status>gone</status></presence></stream:stream>");
  await benvolio.end();
  rosaline = await bound(target, "rosaline");
  rosaline.send("<presence xmlns='jabber:client'/>");
  await rosaline.until(/<presence[^>]*>/);
  tybalt = await bound(target, "tybalt");
});
afterAll(async () => {
  for (const raw of [tybalt, rosaline]) raw.destroy();
  await target.stop();
});

/** All that tybalt is told because of a stanza to `local`, whose name is taken out. */
async function told(local: string, stanza: (to: string) => string): Promise<string> {
  tybalt.send(
    `${stanza(`${local}@${DOMAIN}`)}<iq xmlns='jabber:client' type='get' id='after' to='${DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>`,
  );
  const text = await tybalt.until(/<iq[^>]* id='after'[^>]*>/);
  return text.slice(0, text.lastIndexOf("<iq")).replaceAll(`${local}@`, "x@");
}

/** The same of everybody there and of nobody. */
async function alike(stanza: (to: string) => string, there: readonly string[] = THERE): Promise<string> {
  const nobody = await told("nobody", stanza);
  for (const local of there)
    expect([local, stanza("x"), await told(local, stanza)]).toEqual([local, stanza("x"), nobody]);
  return nobody;
}

const WHERE = [
  ["bare JID", ""],
  ["full JID", "/somewhere"],
] as const;

/** What an account of ours answers to, and something that none does. */
function payloads(): readonly (readonly [string, string, string])[] {
  const host = target.server.router.hosts.get(DOMAIN);
  const known = [...(host?.iqHandlers.payloads("account") ?? [])];
  expect(known.length).toBeGreaterThan(10);
  return [...known, ["get", "urn:nobody:knows", "query"]];
}

test.each(WHERE)(
  "each request to an account is answered alike where it exists and where not (%s)",
  async (_, resource) => {
    for (const payload of payloads()) {
      const [type, xmlns, name] = payload;
      const published = resource === "" && payload.join(" ") === PUBLISHED;
      const text = await alike(
        (to) =>
          `<iq xmlns='jabber:client' type='${type}' id='q' to='${to}${resource}'><${name} xmlns='${xmlns}'/></iq>`,
        published ? THERE.filter((local) => local !== "benvolio") : THERE,
      );
      const answer = parseElement(text, "jabber:client");
      const said =
        answer.attrs.type === "result" ? "result" : answer.getChild("error")?.getChildElements()[0]?.getName();
      const expected = resource === "" ? ANSWERS[payload.join(" ")] : undefined;
      expect([payload.join(" "), said]).toEqual([payload.join(" "), expected ?? "service-unavailable"]);
    }
  },
);

test.each(WHERE)("messages that are not for later (%s)", async (_, resource) => {
  for (const [type, content] of MESSAGES)
    await alike(
      (to) => `<message xmlns='jabber:client' type='${type}' id='m' to='${to}${resource}'>${content}</message>`,
      ["juliet", "benvolio"],
    );
});

test.each(WHERE)("presence (%s)", async (_, resource) => {
  for (const type of PRESENCE) {
    const typed = type === "" ? "" : ` type='${type}'`;
    await alike((to) => `<presence xmlns='jabber:client'${typed} to='${to}${resource}'/>`);
  }
});

test("a stranger of another domain learns no more", async () => {
  const lines: string[] = [];
  const send = (stanza: string) => lines.push(`capulet > ${stanza}`);
  for (const local of ["juliet", "nobody"])
    for (const [, resource] of WHERE) {
      const to = `to="${local}@verona.test${resource}"`;
      for (const [type, xmlns, name] of payloads()) {
        const result = resource === "" && ANSWERS[`${type} ${xmlns} ${name}`] !== undefined;
        send(`<iq from="tybalt@capulet.test/r" ${to} type="${type}" id="q"><${name} xmlns="${xmlns}"/></iq>`);
        const answer = result ? `type="result"` : `type="error"`;
        const content = result ? "{...}" : `<error type="cancel"><service-unavailable/></error>`;
        lines.push(
          `capulet < <iq from="${local}@verona.test${resource}" to="tybalt@capulet.test/r" ${answer} id="q">${content}</iq>`,
        );
      }
      for (const content of [STATE, `${STATE}${NO_STORE}`]) {
        send(`<message from="tybalt@capulet.test/r" ${to} type="chat" id="m">${content}</message>`);
        lines.push("capulet quiet");
      }
    }
  const talk = parseTalk(
    `A stranger of another domain asks accounts and nobody     RFC 6121 §8.5.1
server verona.test
peer capulet.test
account juliet@verona.test

${lines.join("\n")}
`,
    "remote stranger",
  );
  for (const one of talk.cases) await runTalk(talk, one);
});

/** Presence of a remote stranger to an account, each type to each kind of its addresses, twice; the second is remembered. */
function remotePresence(local: string): string[] {
  const lines: string[] = [];
  for (const from of ["tybalt@capulet.test", "tybalt@capulet.test/r"])
    for (const [, resource] of WHERE)
      for (const type of PRESENCE) {
        const typed = type === "" ? "" : ` type="${type}"`;
        lines.push(`capulet > <presence from="${from}" to="${local}@verona.test${resource}"${typed}/>`);
        if (type === PROBE)
          lines.push(
            `capulet < <presence from="${local}@verona.test" to="tybalt@capulet.test" type="unsubscribed" {...}/>`,
          );
        lines.push("capulet quiet");
      }
  return lines;
}

/** What of it reaches a session: presence to the bare JID, requests, and their end where one waits. */
const RECEIVED = ["", "/r"].flatMap((resource) => {
  const came = (type: string) => `rosaline < <presence from="tybalt@capulet.test"${type}/>`;
  const shown = (type: string) => `rosaline < <presence from="tybalt@capulet.test${resource}"${type}/>`;
  const asked = [came(' type="unsubscribe"'), came(' type="subscribe"')];
  return [shown(""), shown(' type="unavailable"'), ...(resource === "" ? asked.slice(1) : asked), ...asked];
});

test.each(["nobody", "juliet", "rosaline", "benvolio", "paris"])(
  "presence of a stranger of another domain is answered alike: %s",
  async (local) => {
    const rosaline = local === "rosaline" ? ["rosaline = rosaline@verona.test/r online"] : [];
    const talk = parseTalk(
      `A stranger of another domain sends presence of every type     RFC 6121 §3.1.3, §4.3.2, §8.5.1
server verona.test
peer capulet.test
account juliet@verona.test
account rosaline@verona.test
roster benvolio@verona.test mercutio@capulet.test both
roster paris@verona.test tybalt@capulet.test none name=T
${rosaline.join("\n")}
${remotePresence(local).join("\n")}
${rosaline.length > 0 ? RECEIVED.join("\n") : ""}
`,
      "presence of a remote stranger",
    );
    for (const one of talk.cases) await runTalk(talk, one);
  },
);
