// What comes for an account waits for what a member that is gone held for it, in order, and not for ever.
import { beforeEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { ManualClock, turns } from "../../../test/harness/manual-clock.ts";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { MemberEstates } from "./estates.ts";

const JULIET = Jid.parse("juliet@verona.test/balcony");
const ROMEO = Jid.parse("romeo@verona.test");
const juliet = () => new Set([JULIET.bare]);

let clock: ManualClock;
let estates: MemberEstates;
let done: string[];

beforeEach(() => {
  clock = new ManualClock(1);
  estates = new MemberEstates({ clock, log: pino({ level: "silent" }) });
  done = [];
});

/** Notes what came when its turn was. */
function comes(what: string, account = JULIET): void {
  const older = estates.awaited(account);
  if (older === undefined) done.push(what);
  else void older.then(() => done.push(what));
}

/** On its way to the member; `given` tells when it was given on. */
function wasUnderWay(what: string, given?: () => Promise<void>): void {
  estates.behind(JULIET, () => {
    done.push(what);
    return given?.();
  });
}

/** Comes for juliet from somebody; what became of it is noted at once, and again once it had its turn. */
function writes(stanza: Stanza, what = stanza.id ?? ""): "now" | "waits" | "full" {
  if (!estates.isAhead(JULIET, stanza)) return "now";
  return estates.anew(JULIET, stanza, () => void done.push(what)) ? "waits" : "full";
}

/** Of a sender, whose stanza has so many characters more than it needs. */
function from(sender: string, { kind = "message", type = "chat", id = "", more = 0 } = {}): Stanza {
  const body = `<body>${"x".repeat(more)}</body>`;
  return Stanza.fromText(
    `<${kind} xmlns='jabber:client' from='${sender}@verona.test/r' to='${JULIET.full}' type='${type}' id='${id}'>${body}</${kind}>`,
  );
}

test("what was under way comes behind what is taken over, and what comes anew behind both, also from before the death", async () => {
  estates.doubted("a~1", juliet());
  comes("anew, in doubt");
  comes("another account", ROMEO);
  estates.left("a~1", juliet());
  const { promise, resolve } = Promise.withResolvers<void>();
  wasUnderWay("1", () => promise);
  wasUnderWay("2");
  comes("anew");
  await turns(4);
  expect(done).toEqual(["another account"]);
  done.push("taken over");
  estates.narrowed("a~1", []);
  await turns(4);
  expect(done.slice(1)).toEqual(["taken over", "1"]);
  comes("anew as well");
  resolve();
  await turns(4);
  expect(done.slice(3)).toEqual(["2", "anew, in doubt", "anew", "anew as well"]);
  expect(estates.awaited(JULIET)).toBeUndefined();
  expect(clock.waiting).toBe(0);
});

test("nobody waits for a member that lives, nor for long while nobody knows", async () => {
  estates.doubted("a~1", juliet());
  comes("1");
  estates.cleared("a~1");
  await turns(2);
  expect(done).toEqual(["1"]);
  estates.doubted("a~1", juliet());
  comes("2");
  await clock.advance(3_000);
  expect(done).toEqual(["1", "2"]);
});

test("a member that is gone is not cleared by an answer that comes late, and has its time", async () => {
  estates.left("a~1", juliet());
  estates.cleared("a~1");
  comes("anew");
  await clock.advance(4_900);
  expect(done).toEqual([]);
  await clock.advance(100);
  expect(done).toEqual(["anew"]);
});

test("what does not end holds up what is behind it for its time, and what fails for none", async () => {
  estates.left("a~1", juliet());
  wasUnderWay("1", () => new Promise(() => {}));
  wasUnderWay("2", () => Promise.reject(new Error("full")));
  comes("anew");
  estates.narrowed("a~1", []);
  await turns(2);
  await clock.advance(4_900);
  expect(done).toEqual(["1"]);
  await clock.advance(100);
  expect(done).toEqual(["1", "2", "anew"]);
});

test("a second member that dies meanwhile is waited for as well", async () => {
  estates.left("a~1", juliet());
  wasUnderWay("1");
  comes("anew");
  estates.left("b~1", juliet());
  estates.narrowed("a~1", []);
  await turns(4);
  expect(done).toEqual([]);
  estates.narrowed("b~1", []);
  await turns(4);
  expect(done).toEqual(["1", "anew"]);
});

test("accounts of which the member held nothing wait no longer once all of it was read", async () => {
  estates.left("a~1", new Set([JULIET.bare, ROMEO.bare]));
  wasUnderWay("1");
  comes("hers");
  comes("his", ROMEO);
  estates.narrowed("a~1", [JULIET.bare, "nurse@verona.test"]);
  await turns(4);
  expect(done).toEqual(["his"]);
  expect([estates.awaited(ROMEO), estates.awaited(Jid.parse("nurse@verona.test"))]).toEqual([undefined, undefined]);
  estates.narrowed("a~1", []);
  await turns(4);
  expect(done).toEqual(["his", "1", "hers"]);
  expect(clock.waiting).toBe(0);
});

test("what is told of a member's estate before its death is known here holds from then on", async () => {
  estates.doubted("a~1", new Set([JULIET.bare, ROMEO.bare]));
  comes("hers");
  comes("his", ROMEO);
  estates.narrowed("a~1", [JULIET.bare]);
  await turns(4);
  expect(done).toEqual([]);
  estates.left("a~1", new Set([JULIET.bare, ROMEO.bare]));
  await turns(4);
  expect(done).toEqual(["his"]);
  estates.narrowed("b~1", []);
  estates.left("b~1", new Set([ROMEO.bare]));
  comes("his as well", ROMEO);
  expect(done).toEqual(["his", "his as well"]);
});

test("a member without sessions is waited for by nobody", () => {
  estates.left("a~1", new Set());
  comes("1");
  wasUnderWay("2");
  expect(done).toEqual(["1", "2"]);
  expect(clock.waiting).toBe(0);
});

test("all that waits for an account has one time together, and then comes at once", async () => {
  estates.left("a~1", juliet());
  for (let each = 0; each < 2_000; each++)
    wasUnderWay(String(each), () => new Promise((resolve) => void clock.setTimeout(resolve, 1_000)));
  comes("a log-in");
  estates.narrowed("a~1", []);
  await turns(4);
  await clock.advance(7_900);
  expect(done).toHaveLength(8);
  expect(writes(from("romeo", { id: "anew" }))).toBe("waits");
  await clock.advance(100);
  expect(done).toEqual([...Array.from({ length: 2_000 }, (_, each) => String(each)), "anew", "a log-in"]);
  expect([estates.awaited(JULIET), writes(from("romeo"))]).toEqual([undefined, "now"]);
  await clock.advance(1_000);
  expect(clock.waiting).toBe(0);
});

test("what comes anew waits in turn, so many stanzas and characters of it; there is room again once it is gone", async () => {
  estates.left("a~1", new Set([JULIET.bare, ROMEO.bare]));
  for (let each = 0; each < 1_000; each++) expect(writes(from("romeo", { id: String(each) }))).toBe("waits");
  expect(writes(from("romeo"))).toBe("full");
  wasUnderWay("had no answer");
  estates.narrowed("a~1", []);
  await turns(4);
  expect(done).toEqual([...Array.from({ length: 1_000 }, (_, each) => String(each)), "had no answer"]);
  estates.left("b~1", juliet());
  for (let each = 0; each < 4; each++) expect(writes(from("romeo", { more: 262_144 }))).toBe("waits");
  expect(writes(from("nurse"))).toBe("full");
});

test("what waits for all accounts together is bounded as well, and a line that is let go gives its room back", async () => {
  const accounts = Array.from({ length: 65 }, (_, each) => Jid.parse(`a${each}@verona.test`));
  estates.left("a~1", new Set(accounts.map(({ bare }) => bare)));
  const taken = () => accounts.map((account) => estates.anew(account, from("romeo", { more: 1_048_576 }), () => {}));
  expect(taken().filter((waits) => !waits)).toHaveLength(1);
  await clock.advance(5_000);
  estates.left("b~1", new Set(accounts.map(({ bare }) => bare)));
  expect(taken().filter((waits) => !waits)).toHaveLength(1);
  estates.stop();
  await turns(2);
  expect([estates.room.characters, clock.waiting]).toEqual([0, 0]);
});

test("of one sender all but errors stay behind his messages that wait; others' presence and requests do not wait", async () => {
  estates.left("a~1", juliet());
  const presence = { kind: "presence", type: "unavailable" };
  expect(writes(from("romeo", presence))).toBe("now");
  expect(writes(from("romeo", { id: "1" }))).toBe("waits");
  expect(writes(from("romeo", { ...presence, id: "2" }))).toBe("waits");
  expect(writes(from("romeo", { kind: "iq", type: "result", id: "3" }))).toBe("waits");
  expect(writes(from("nurse", presence))).toBe("now");
  expect(writes(from("romeo", { type: "error" }))).toBe("now");
  estates.narrowed("a~1", []);
  await turns(4);
  expect(done).toEqual(["1", "2", "3"]);
  expect(writes(from("romeo", presence))).toBe("now");
});

test("no more than a member may have on its way waits in turn", () => {
  estates.left("a~1", juliet());
  for (let each = 0; each < 20_000; each++) wasUnderWay("in turn");
  expect(done).toEqual([]);
  wasUnderWay("one too many");
  expect(done).toEqual(["one too many"]);
});
