// What stands for a session elsewhere: which facts it has, and that nobody waits for one that is over.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { ManualClock, turns } from "../../../test/harness/manual-clock.ts";
import { SessionList } from "../../host/sessions.ts";
import type { SessionHost } from "../../ports/host.ts";
import { FLAG, SessionKey, SharedSessionKey } from "../../ports/session.ts";
import { RemoteSession } from "./remote-session.ts";
import type { SessionEntry } from "./session-entry.ts";

const ENTRY: SessionEntry = {
  jid: "juliet@verona.test/balcony",
  priority: 0,
  interested: false,
  waiting: false,
  facts: { "told everywhere": true },
  since: 1000,
  address: "192.0.2.1",
};

function setUp(congested = true) {
  const bus = { full: congested, congested: () => bus.full };
  const clock = new ManualClock(1);
  const sessions = new SessionList();
  const host = { domain: "verona.test", sessions, bus, clock, log: pino({ level: "silent" }) };
  const session = new RemoteSession(host as unknown as SessionHost, "b", ENTRY);
  sessions.add(session);
  /** What becomes of a wait for it. */
  const waiting = () => {
    const told: { now: boolean | "pending" } = { now: "pending" };
    void session.caughtUp().then((there) => {
      told.now = there;
    });
    return told;
  };
  const pass = async () => {
    await turns(2);
    await clock.advance(100);
  };
  return { bus, sessions, session, waiting, pass };
}

test("it has caught up once the way to its node is free", async () => {
  const { bus, waiting, pass } = setUp();
  const told = waiting();
  await pass();
  expect(told.now).toBe("pending");
  bus.full = false;
  await pass();
  expect(told.now).toBe(true);
});

test("one that is over, asleep, or gone on elsewhere is waited for no longer, and has not caught up", async () => {
  for (const end of [
    ({ session, sessions }: ReturnType<typeof setUp>) => sessions.remove(session),
    ({ session }: ReturnType<typeof setUp>) => session.update({ ...ENTRY, waiting: true }),
    ({ session, sessions }: ReturnType<typeof setUp>) =>
      sessions.replace(session, new RemoteSession(session.host, "c", ENTRY)),
  ])
    for (const congested of [true, false]) {
      const scene = setUp(congested);
      const told = congested ? scene.waiting() : undefined;
      await turns(2);
      end(scene);
      const later = scene.waiting();
      await scene.pass();
      expect([told?.now ?? false, later.now]).toEqual([false, false]);
    }
});

test("it has what every node is told, and nothing else may be asked of it", () => {
  const { session } = setUp();
  expect(session.get(new SharedSessionKey("told everywhere", FLAG))).toBe(true);
  // @ts-expect-error A fact that stays at its node: the answer would be undefined for ever.
  session.get(new SessionKey<boolean>("stays"));
  // @ts-expect-error The same of one that goes with the session alone.
  session.get(new SessionKey<boolean>("moves", { ...FLAG, reach: "moving" }));
});
