// Sessions of other members: bound twice, moved, and members that are forgotten.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { SessionList } from "../../host/sessions.ts";
import type { SessionHost } from "../../ports/host.ts";
import { Elsewhere } from "./elsewhere.ts";
import type { RemoteSession } from "./remote-session.ts";
import type { SessionEntry } from "./session-entry.ts";

const log = pino({ level: "silent" });
const JULIET = "juliet@verona.test/balcony";

function setUp() {
  const events: string[] = [];
  const sessions = new SessionList();
  const host = {
    domain: "verona.test",
    sessions,
    log,
    emit: (event: string, { session }: { session: RemoteSession }) => events.push(`${event} ${session.member}`),
  } as unknown as SessionHost;
  const elsewhere = new Elsewhere(new Map([["verona.test", host]]), () => "self", log);
  const shown = () => (sessions.find(Jid.parse(JULIET)) as RemoteSession | undefined)?.member;
  return { elsewhere, sessions, events, shown };
}

function entry(since: number, presence?: string): SessionEntry {
  return {
    jid: JULIET,
    priority: 0,
    interested: false,
    waiting: false,
    facts: {},
    since,
    address: "192.0.2.1",
    ...(presence === undefined ? {} : { presence }),
  };
}

test("of a resource bound at two nodes the later is seen, and the other again once that has ended", () => {
  const { elsewhere, shown } = setUp();
  elsewhere.put(elsewhere.of("b"), entry(2000));
  elsewhere.put(elsewhere.of("a"), entry(1000));
  expect(shown()).toBe("b");
  elsewhere.remove(elsewhere.of("a"), JULIET);
  expect(shown()).toBe("b");
  elsewhere.put(elsewhere.of("a"), entry(1000));
  elsewhere.remove(elsewhere.of("b"), JULIET);
  expect(shown()).toBe("a");
});

test("a session that moved is its new member's alone", () => {
  const { elsewhere, shown } = setUp();
  elsewhere.put(elsewhere.of("a"), entry(1000));
  elsewhere.put(elsewhere.of("b"), entry(1000));
  expect(shown()).toBe("b");
  elsewhere.remove(elsewhere.of("b"), JULIET);
  expect(shown()).toBeUndefined();
});

test("whoever buries a member tells the end of its sessions, and nobody else", () => {
  for (const [ours, told] of [
    [true, ["session.ended a"]],
    [false, []],
  ] as const) {
    const { elsewhere, events, shown } = setUp();
    elsewhere.put(elsewhere.of("a"), entry(1000));
    elsewhere.forget("a", ours);
    expect(events).toEqual(told);
    expect(shown()).toBeUndefined();
  }
});

test("a receptive session is told of as often as it changes, so that what was kept meanwhile is brought to it", () => {
  const { elsewhere, events } = setUp();
  const present = `<presence from='${JULIET}'/>`;
  elsewhere.take(elsewhere.of("a"), { version: 3, changes: [JSON.stringify(entry(1000, present))] });
  elsewhere.take(elsewhere.of("a"), { version: 4, changes: [JSON.stringify(entry(1000, present))] });
  expect(events).toEqual(["session.receptive elsewhere a", "session.receptive elsewhere a"]);
  expect(elsewhere.of("a").seen).toBe(4);
});

test("`__proto__` as a name of a member, a resource or a fact is one like others", () => {
  const { elsewhere, sessions } = setUp();
  const odd = JSON.parse('{"__proto__":true}') as Record<string, unknown>;
  elsewhere.put(elsewhere.of("__proto__"), { ...entry(1), jid: "romeo@verona.test/__proto__", facts: odd });
  expect([...sessions.all()].map(({ jid }) => jid.full)).toEqual(["romeo@verona.test/__proto__"]);
});

test("what cannot be read of one session hides no other, neither while its node lives nor when it dies", () => {
  const { elsewhere, sessions, events, shown } = setUp();
  const other = { ...entry(1000, "<presence/>"), jid: "romeo@verona.test/orchard" };
  const many = Array.from({ length: 500 }, (_, n) => ` a${n}=''`).join("");
  const changes = ["not even JSON", { ...entry(1000), jid: "@@" }, entry(1000, "<presence"), other].map((change) =>
    typeof change === "string" ? change : JSON.stringify(change),
  );
  elsewhere.take(elsewhere.of("a"), { version: 7, changes });
  expect(elsewhere.of("a").seen).toBe(7);
  const juliet = sessions.find(Jid.parse(JULIET)) as RemoteSession;
  // It is there, with what can be known of it.
  expect(juliet.presence?.text()).toContain("<presence ");
  expect(sessions.available("romeo")).toHaveLength(1);
  elsewhere.put(elsewhere.of("a"), entry(1000, `<presence${many}/>`));
  expect(juliet.presence?.text()).toContain(" a499=''");
  events.length = 0;
  const { host } = juliet;
  const find = host.sessions.find.bind(host.sessions);
  host.sessions.find = (jid) => {
    if (jid.local === "juliet") throw new Error("no");
    return find(jid);
  };
  elsewhere.forget("a", true);
  host.sessions.find = find;
  expect(events).toEqual(["session.ended a"]);
  expect(sessions.available("romeo")).toEqual([]);
  expect(shown()).toBe("a");
});
