// What a trace shows that an administrator switches on: both directions, secrets in neither, and nothing once it is over.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { DOMAIN, startTarget, type Target } from "../attacks/node.ts";
import { RawTcp } from "../attacks/raw.ts";

const SECRET = "n0b0dy-reads-th1s";
const COMMANDS = "http://jabber.org/protocol/commands";
const TRACE = "http://jabber.org/protocol/admin#trace";

let target: Target;
let prince: RawTcp;
let juliet: RawTcp;
let romeo: RawTcp;

beforeEach(async () => {
  target = await startTarget({ admins: `prince@${DOMAIN}`, "modules.register": "{}" });
  [prince, juliet, romeo] = [await online("prince"), await online("juliet"), await online("romeo")];
});
afterEach(async () => {
  for (const raw of [prince, juliet, romeo]) raw.destroy();
  await target.stop();
});

async function online(local: string): Promise<RawTcp> {
  await target.account(local);
  const raw = await RawTcp.connect(target.ports.c2sTls, DOMAIN);
  await raw.open(DOMAIN);
  await raw.login(local, DOMAIN);
  await raw.bind("r");
  raw.send("<presence xmlns='jabber:client'/>");
  await raw.until(/<presence[^>]*>/);
  return raw;
}

/** Asks and resolves with the answer. */
function ask(raw: RawTcp, id: string, payload: string, type = "set"): Promise<string> {
  raw.send(`<iq xmlns='jabber:client' type='${type}' id='${id}' to='${DOMAIN}'>${payload}</iq>`);
  return raw.until(new RegExp(`<iq[^>]* id=["']${id}["'](?:[^>]*/>|[^]*?</iq>)`));
}

async function trace(seconds: number): Promise<void> {
  const begun = await ask(prince, "t1", `<command xmlns='${COMMANDS}' node='${TRACE}'/>`);
  const session = /sessionid=["']([^"']+)/.exec(begun)?.[1] ?? "none";
  const field = (name: string, value: string | number) => `<field var='${name}'><value>${value}</value></field>`;
  const form = `<x xmlns='jabber:x:data' type='submit'>${field("accountjid", `juliet@${DOMAIN}`)}${field("seconds", seconds)}</x>`;
  const done = await ask(
    prince,
    "t2",
    `<command xmlns='${COMMANDS}' node='${TRACE}' sessionid='${session}' action='complete'>${form}</command>`,
  );
  expect(done).toContain("completed");
}

interface Line {
  readonly trace: "in" | "out";
  readonly jid: string;
  readonly xml: string;
}

/** What was traced until now. */
function traced(direction: Line["trace"]): Line[] {
  return target.log
    .map((line) => JSON.parse(line) as Line & { readonly msg: string })
    .filter((line) => line.msg === "trace" && line.trace === direction);
}

/** Secrets in both directions: a password that juliet sets, and invitations that she gets and sends. */
async function secrets(id: string): Promise<void> {
  const names = `<r:username>juliet</r:username><r:password>${SECRET}</r:password>`;
  const invitation = `<x xmlns='jabber:x:conference' jid='room@chat.${DOMAIN}' password='${SECRET}'/><body>${id}</body>`;
  juliet.send(`<message xmlns='jabber:client' to='romeo@${DOMAIN}/r' type='chat'>${invitation}</message>`);
  await romeo.until(`<body>${id}</body>`);
  romeo.send(`<message xmlns='jabber:client' to='juliet@${DOMAIN}/r' type='chat'>${invitation}</message>`);
  await juliet.until(`<body>${id}</body>`);
  expect(await ask(juliet, id, `<r:query xmlns:r='jabber:iq:register'>${names}</r:query>`)).toMatch(/type=["']result/);
}

test("a traced account's stanzas are logged in both directions, without what is secret; nobody else's are", async () => {
  await trace(60);
  await secrets("first");
  const [came, went] = [traced("in"), traced("out")];
  for (const lines of [came, went]) {
    expect(new Set(lines.map(({ jid }) => jid))).toEqual(new Set([`juliet@${DOMAIN}/r`]));
    const message = lines.find(({ xml }) => xml.includes("<body>first</body>"));
    expect(message?.xml).toMatch(/ password=["']withheld["']/);
  }
  const change = came.find(({ xml }) => xml.includes("jabber:iq:register"));
  expect(change?.xml).toMatch(/<r:password[^>]*>withheld</);
  expect(went.some(({ xml }) => /^<iq(?=[^>]* id=["']first)(?=[^>]* type=["']result)/.test(xml))).toBe(true);
  expect(target.log.filter((line) => line.includes(SECRET))).toEqual([]);
});

test("it ends when its time is over, or an administrator says so", async () => {
  await trace(60);
  await trace(0);
  await secrets("ended");
  expect([...traced("in"), ...traced("out")]).toEqual([]);
  await trace(60);
  await target.clock.advance(61_000);
  await secrets("over");
  expect([...traced("in"), ...traced("out")]).toEqual([]);
  expect(target.log.filter((line) => line.includes(SECRET))).toEqual([]);
});
