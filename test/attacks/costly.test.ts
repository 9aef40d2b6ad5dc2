// One account sends what costs most, on several streams: whoever else asks is answered in between, not after it.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Clock, systemClock } from "../../xmpp/clock.ts";
import { ServerUnderTest } from "../harness/scene-server.ts";
import { bound } from "./bound.ts";
import { DOMAIN } from "./node.ts";

/** ms that go by whenever somebody looks at the clock: what a stanza costs is the same on every machine. */
const STEP = 4;
/** Stanzas of each stream, in one write. */
const COUNT = 60;
const STREAMS = 3;

let looks = 0;
const clock: Clock = { ...systemClock, now: () => Date.UTC(2027, 0, 15) + STEP * looks++ };
let tested: ServerUnderTest;

beforeAll(async () => {
  const options = {
    "authentication.requireTls": "false",
    "authentication.plainWithoutTls": "true",
    "limits.bytesPerSecond": "1000000000",
    "limits.burstBytes": "1000000000",
  };
  tested = new ServerUnderTest({ domain: DOMAIN, options: new Map(Object.entries(options)) });
  await tested.start(clock, "127.0.0.1:1");
  await tested.createAccount(DOMAIN, "juliet", undefined);
});
afterAll(() => tested.stop());

const times = (count: number, one: (i: number) => string) => Array.from({ length: count }, (_, i) => one(i)).join("");
const iq = (type: string, id: number, payload: string) => `<iq type='${type}' id='c${id}'>${payload}</iq>`;
const jid = (i: number) => `n${i}@xn--mgbh0fb${i}.xn--mgberp4a5d4ar.example`;

const COSTLY: readonly (readonly [string, (i: number) => string])[] = [
  [
    "lists of domains in other scripts",
    (i) => iq("set", i, `<unblock xmlns='urn:xmpp:blocking'>${times(200, (k) => `<item jid='${jid(k)}'/>`)}</unblock>`),
  ],
  [
    "block lists",
    (i) =>
      iq("set", i, `<block xmlns='urn:xmpp:blocking'>${times(50, (k) => `<item jid='${jid(i * 50 + k)}'/>`)}</block>`),
  ],
  [
    "roster sets",
    (i) =>
      iq(
        "set",
        i,
        `<query xmlns='jabber:iq:roster'><item jid='${jid(i)}' name='n'>${times(20, (k) => `<group>g${k}</group>`)}</item></query>`,
      ),
  ],
  [
    "private storage",
    (i) =>
      iq(
        "set",
        i,
        `<query xmlns='jabber:iq:private'><x xmlns='urn:x'>${times(500, (k) => `<y a='${k}'/>`)}</x></query>`,
      ),
  ],
  ["discovery", (i) => iq("get", i, "<query xmlns='http://jabber.org/protocol/disco#info'/>")],
  [
    "forms",
    (i) =>
      iq(
        "set",
        i,
        `<command xmlns='http://jabber.org/protocol/commands' node='x'><x xmlns='jabber:x:data' type='submit'>${times(200, (k) => `<field var='${k}'><value>v</value></field>`)}</x></command>`,
      ),
  ],
  [
    "presence",
    (i) =>
      `<presence to='${jid(i)}'><status>${"x".repeat(4000)}</status></presence>${iq("get", i, "<ping xmlns='urn:xmpp:ping'/>")}`,
  ],
];

test.each(COSTLY)(
  "%s",
  async (name, make) => {
    // One of its own: what the last one owes is owed for a while.
    const local = name.replaceAll(" ", "-");
    await tested.createAccount(DOMAIN, local, undefined);
    const streams = await Promise.all(
      Array.from({ length: STREAMS }, (_, k) => bound({ ports: tested.ports() }, local, `r${k}`)),
    );
    const juliet = await bound({ ports: tested.ports() }, "juliet", "j");
    const answered = () => streams.reduce((sum, { text }) => sum + (text.match(/ id='c\d+'/g)?.length ?? 0), 0);
    for (const [k, raw] of streams.entries()) raw.send(times(COUNT, (i) => make(k * COUNT + i)));
    await streams[0]?.until(/ id='c\d+'/);
    juliet.send("<iq type='get' id='ping'><ping xmlns='urn:xmpp:ping'/></iq>");
    const before = answered();
    await juliet.until("id='ping'");
    expect(answered() - before).toBeLessThan((STREAMS * COUNT) / 4);
    for (const raw of [...streams, juliet]) raw.destroy();
  },
  60_000,
);
