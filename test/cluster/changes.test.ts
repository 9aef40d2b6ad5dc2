// One account changed at two nodes at once: nothing of it is lost, no bound is passed, and without Redis nothing is changed.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { DOMAIN } from "../attacks/node.ts";
import { RawTcp } from "../attacks/raw.ts";
import { TALK_START } from "../harness/certificates.ts";
import { ManualClock } from "../harness/manual-clock.ts";
import { needing } from "../harness/needing.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";
import { ServerUnderTest } from "../harness/scene-server.ts";

const PATIENCE = 60_000;
const { describe: described } = needing("redis");

let redis: TestRedis;
let tested: ServerUnderTest;
let clients: RawTcp[];

beforeEach(async () => {
  redis = await startRedis();
  const plan = { domain: DOMAIN, options: new Map([["nodes", "2"]]) };
  tested = new ServerUnderTest(plan, 1, { urls: [redis.url] });
  await tested.start(new ManualClock(TALK_START), "127.0.0.1:1");
  await tested.createAccount(DOMAIN, "romeo", undefined);
  clients = [await client(1), await client(2)];
}, PATIENCE);

afterEach(async () => {
  for (const one of clients) one.destroy();
  await tested.stop();
  await redis.end();
});

/** A session of romeo's at a node. */
async function client(node: number): Promise<RawTcp> {
  const raw = await RawTcp.connect(tested.ports(node).c2sTls, DOMAIN);
  await raw.open(DOMAIN);
  await raw.login("romeo", DOMAIN);
  await raw.bind(`r${node}`);
  return raw;
}

/** What a request is answered with: `result`, or the condition of its error. */
async function ask(raw: RawTcp, id: string, payload: string): Promise<string> {
  raw.send(`<iq type='set' id='${id}'>${payload}</iq>`);
  const answer = await raw.until(new RegExp(`<iq [^>]*id='${id}'[^>]*(/>|>.*?</iq>)`));
  return / type='result'/.test(answer.slice(answer.lastIndexOf("<iq "))) ? "result" : answer;
}

const contact = (jid: string) => `<query xmlns='jabber:iq:roster'><item jid='${jid}'/></query>`;
const block = (jid: string) => `<block xmlns='urn:xmpp:blocking'><item jid='${jid}'/></block>`;
const document = (n: string) => `<query xmlns='jabber:iq:private'><own xmlns='urn:example:${n}'/></query>`;

/** Each client asks one after the other, both at once. */
async function together(count: number, payload: (jid: string) => string): Promise<string[]> {
  const all = clients.map(async (raw, at) => {
    const answers: string[] = [];
    for (let i = 0; i < count; i++) answers.push(await ask(raw, `q${i}`, payload(`c${at}x${i}@a.test`)));
    return answers;
  });
  return (await Promise.all(all)).flat();
}

/** How many items an account's list has, as a node tells it. */
async function listed(raw: RawTcp, payload: string): Promise<number> {
  raw.send(`<iq type='get' id='list'>${payload}</iq>`);
  const answer = await raw.until(/<iq [^>]*id='list'.*?<\/iq>/);
  return answer.slice(answer.lastIndexOf("<iq ")).split("<item ").length - 1;
}

described("two nodes", () => {
  test(
    "that change one roster and one block list at once keep all of it, and both tell all of it",
    async () => {
      expect(new Set(await together(15, contact))).toEqual(new Set(["result"]));
      expect(new Set(await together(15, block))).toEqual(new Set(["result"]));
      await tested.settle();
      for (const raw of clients) {
        expect(await listed(raw, "<query xmlns='jabber:iq:roster'/>")).toBe(30);
        expect(await listed(raw, "<blocklist xmlns='urn:xmpp:blocking'/>")).toBe(30);
      }
    },
    PATIENCE,
  );

  test(
    "that each store documents at once keep no more than an account may have",
    async () => {
      const answers = await together(60, document);
      expect(answers.filter((answer) => answer === "result")).toHaveLength(100);
      const refused = answers.filter((answer) => answer !== "result");
      expect(refused.every((answer) => answer.includes("<not-acceptable"))).toBe(true);
    },
    PATIENCE,
  );

  test(
    "that have lost Redis change nothing, and say that it may be tried again",
    async () => {
      await redis.stop("SIGKILL");
      const [one] = clients as [RawTcp];
      for (const payload of [contact("a@a.test"), block("a@a.test"), document("a")]) {
        const answer = await ask(one, "q", payload);
        expect(answer).toMatch(/<error type='wait'><resource-constraint/);
      }
      expect(await listed(one, "<query xmlns='jabber:iq:roster'/>")).toBe(0);
    },
    PATIENCE,
  );
});
