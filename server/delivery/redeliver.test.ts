// What was held and could not be delivered: which way each kind goes, and what whoever held it is told.
import { describe, expect, test } from "@jest/globals";
import { pino } from "pino";
import { ManualClock, turns } from "../../test/harness/manual-clock.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import { arrivalOf, noteArrival } from "../../xmpp/stanza/arrival.ts";
import { Safety } from "../../xmpp/stanza/safety.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { ClientSession } from "../ports/session.ts";
import { StoreUnavailable } from "../ports/store.ts";
import { promisedKey } from "./promised.ts";
import {
  type FormerTaker,
  giveOn,
  HAD,
  type RedeliveryHost,
  readBack,
  redeliver,
  redeliverEach,
  redeliverInBackground,
  redeliverSafely,
  undelivered,
} from "./redeliver.ts";
import { StillStored, stillStoredKey } from "./still-stored.ts";

const JULIET = "juliet@verona.test/balcony";

/** A host whose account has no session any more; what goes the way of the account is stored. */
function setUp(store: (stanza: Stanza) => void | Promise<void> = (stanza) => stanza.safety?.became("stored")) {
  const taken: Stanza[] = [];
  const returned: string[] = [];
  const sessions = new Map<string, ClientSession>();
  const clock = new ManualClock(90_000);
  const host: RedeliveryHost = {
    domain: "verona.test",
    clock,
    log: pino({ level: "silent" }),
    sessions: { find: ({ full }: Jid) => sessions.get(full) },
    redeliver(stanza) {
      taken.push(stanza);
      return store(stanza);
    },
    refuse(stanza, condition) {
      const promised = condition === "resource-constraint" ? stanza.note(promisedKey) : undefined;
      if (promised !== undefined) return promised.refused();
      returned.push(`${stanza.id} ${condition}`);
      stanza.safety?.became("given back");
    },
  };
  const session = { jid: Jid.parse(JULIET), account: Jid.parse(JULIET).toBare() } as ClientSession;
  const from: FormerTaker = { session, hadBesides: () => false };
  return { host, taken, returned, sessions, from, clock };
}

function stanza(start: string, content = "<body>Hark</body>", to = JULIET): Stanza {
  const name = start.split(" ", 1)[0];
  return Stanza.fromText(`<${start} id='1' from='romeo@verona.test/orchard' to='${to}'>${content}</${name}>`);
}

describe("its way", () => {
  test.each(["chat", "normal"])("a %s message goes to the account, with when it came", async (type) => {
    const { host, taken, from } = setUp();
    const message = stanza(`message type='${type}'`);
    noteArrival(message, 60_000);
    expect(await redeliverSafely(host, message, from)).toBe("stored");
    expect(taken.map(({ to }) => to?.full)).toEqual([JULIET]);
    expect(taken[0]?.text()).toContain("stamp='1970-01-01T00:01:00");
  });

  test.each([
    ["message type='headline'", "<body>x</body>", "dropped: RFC 6121 §8.5.3.2.1"],
    ["message type='error'", "<error/>", "dropped: XEP-0280 §6"],
    ["message type='chat'", "<composing xmlns='http://jabber.org/protocol/chatstates'/>", "dropped: XEP-0160 §3"],
    ["presence", "", "no message"],
    ["iq type='result'", "", "no message"],
  ])("<%s> goes nowhere", async (start, content, fate) => {
    const { host, taken, returned, from } = setUp();
    expect(await redeliverSafely(host, stanza(start, content), from)).toBe(fate);
    expect([taken, returned]).toEqual([[], []]);
  });

  test("a request is answered: nobody else can. RFC 6120 §8.2.3", async () => {
    const { host, taken, returned, from } = setUp();
    await redeliver(host, stanza("iq type='get'", "<query xmlns='jabber:iq:version'/>"), from);
    expect([taken, returned]).toEqual([[], ["1 recipient-unavailable"]]);
  });

  test("a room's message never goes back to the session that held it", async () => {
    const { host, taken, returned, sessions, from } = setUp();
    const message = () => stanza("message type='groupchat'");
    expect(await redeliverSafely(host, message(), from)).toBe("given back");
    sessions.set(JULIET, from.session);
    await redeliver(host, message(), from);
    expect([taken.length, returned.length]).toEqual([0, 2]);
    // Its client has bound the resource anew: it is that one's.
    sessions.set(JULIET, {} as ClientSession);
    await redeliver(host, message(), from);
    expect(taken).toHaveLength(1);
  });

  test("what another session of the account has is that one's", async () => {
    const { host, taken, from } = setUp();
    expect(await redeliverSafely(host, stanza("message type='chat'"), { ...from, hadBesides: () => true })).toBe(HAD);
    expect(taken).toEqual([]);
  });

  test("what its store has still stays there, and nowhere else", async () => {
    const { host, taken } = setUp();
    const message = stanza("message type='chat'");
    const kept = new StillStored();
    message.setNote(stillStoredKey, kept);
    expect(await redeliverSafely(host, message)).toBe("stored");
    expect([taken, kept.left]).toEqual([[], true]);
    // Removed there since: nobody has it but who asks.
    kept.decide(true);
    await redeliver(host, message);
    expect(taken).toHaveLength(1);
  });
});

describe("whoever held it", () => {
  test("keeps what finds no other way, and what another session was given is not touched", async () => {
    const { host, from } = setUp(async (one) => {
      if (one.id === "1") throw new StoreUnavailable("away");
      one.safety?.became("stored");
    });
    const items = ["1", "2", "3"].map((id) => ({ stanza: message(id), lent: id === "3" }));
    const released: string[] = [];
    await redeliverEach(host, {
      items,
      from,
      release: (some, fate) => void released.push(...some.map((item) => `${item.stanza.id} ${fate}`)),
    });
    expect(released).toEqual(["2 stored"]);
  });

  test("is told once somebody answers, and not once it was given on", async () => {
    let held: Safety | undefined;
    const { host } = setUp((one) => {
      held = one.safety?.hold();
    });
    const shared = stanza("message type='chat'");
    const whole = new Safety(() => {});
    shared.safety = whole;
    const { fate } = await giveOn(host, shared);
    let told: string | undefined;
    void fate.then((became) => {
      told = became;
    });
    await turns(2);
    expect(told).toBeUndefined();
    held?.release("acknowledged");
    await turns(2);
    expect(told).toBe("acknowledged");
    // Others hold the same stanza for their own clients.
    expect(whole.done).toBe(false);
  });

  test("holds it while it is tried again, and lets go then", async () => {
    const away = { now: true };
    const { host, returned, clock } = setUp((one) => {
      if (away.now) return host.refuse(one, "resource-constraint");
      one.safety?.became("stored");
    });
    const safety = new Safety(() => {});
    const one = stanza("message type='chat'");
    one.safety = safety;
    redeliverInBackground(host, one, safety.hold());
    safety.release("passed on");
    await clock.advance(10_000);
    expect([safety.done, returned]).toEqual([false, []]);
    away.now = false;
    await clock.advance(5_000);
    expect([safety.done, safety.fate]).toEqual([true, "stored"]);
  });
});

describe("for a node that", () => {
  /** A session there; what its node held has its new way once `settle` is called. */
  function there(host: RedeliveryHost) {
    const waiting: (() => void | Promise<void>)[] = [];
    const estates = { behind: (_account: Jid, work: () => void | Promise<void>) => void waiting.push(work) };
    const session = { account: Jid.parse(JULIET).toBare(), host: { ...host, registry: { estates } } };
    return { session, settle: () => waiting.forEach((work) => void work()) };
  }

  test("died, it goes elsewhere, behind what that node held", () => {
    const { host, taken, returned } = setUp();
    const { session, settle } = there(host);
    const safety = new Safety(() => {});
    undelivered(session, stanza("message type='chat'"), safety, "died");
    expect([taken.length, safety.done]).toEqual([0, false]);
    settle();
    expect([taken.length, returned, safety.done]).toEqual([1, [], true]);
  });

  test.each(["full", "refused"] as const)("is behind (%s), its sender is told to try again", (reason) => {
    const { host, taken, returned } = setUp();
    const safety = new Safety(() => {});
    undelivered(there(host).session, stanza("message type='chat'"), safety, reason);
    expect([taken, returned, safety.done]).toEqual([[], ["1 resource-constraint"], true]);
  });
});

describe("out of a store", () => {
  const letters: string[] = [];
  const deadLetters = {
    add: async (local: string, text: string, reason: string) => void letters.push(`${local} ${text} ${reason}`),
  };

  test("it is read back with when it came", async () => {
    const text = message("7").text();
    const found = await readBack(deadLetters, { local: "juliet", text, at: 5 });
    expect(found?.id).toBe("7");
    expect(found === undefined ? undefined : arrivalOf(found)).toBe(5);
    expect(letters).toEqual([]);
  });

  test("what is no stanza is a dead letter", async () => {
    expect(await readBack(deadLetters, { local: "juliet", text: "<message", at: 5 })).toBeUndefined();
    expect(letters).toEqual(["juliet <message it cannot be read back"]);
  });

  test("a store of dead letters that is away is told, or it would be lost", async () => {
    const away = { add: () => Promise.reject(new StoreUnavailable("away")) };
    await expect(readBack(away, { local: "juliet", text: "<", at: 5 })).rejects.toThrow(StoreUnavailable);
  });
});

function message(id: string): Stanza {
  return Stanza.fromText(
    `<message from='romeo@verona.test/a' to='${JULIET}' id='${id}' type='chat'><body>x</body></message>`,
  );
}
