// What stands for a session elsewhere: which facts it has, and that nobody waits for one that is over.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { ManualClock, turns } from "../../../test/harness/manual-clock.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { SessionList } from "../../host/sessions.ts";
import type { Parcel } from "../../ports/cluster.ts";
import type { SessionHost } from "../../ports/host.ts";
import { FLAG, SessionKey, SharedSessionKey } from "../../ports/session.ts";
import { MemberEstates } from "./estates.ts";
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

test.each([
  ["died, and behind what it held", true],
  ["left", false],
])("what waits behind stanzas for a session comes behind them where its node %s", async (_how, held) => {
  const clock = new ManualClock(1);
  const log = pino({ level: "silent" });
  const estates = new MemberEstates({ clock, log });
  const sent: [member: string, parcel: Parcel][] = [];
  const told = () =>
    sent.map(([member, parcel]) => `${member} ${parcel.fields(false).find((field) => /^=[0-9]$/.test(field))}`);
  const bus = { post: (member: string, parcel: Parcel) => void sent.push([member, parcel]) };
  const sessions = new SessionList();
  // Her session, as the rules of delivery find it.
  const redeliver = (stanza: Stanza) => sessions.find(before.jid)?.deliver(stanza);
  const host = { domain: "verona.test", sessions, bus, clock, log, registry: { estates }, redeliver };
  const before = new RemoteSession(host as unknown as SessionHost, "b", ENTRY);
  const after = new RemoteSession(host as unknown as SessionHost, "c", { ...ENTRY, since: 2000 });
  const message = (id: number) =>
    Stanza.fromText(
      `<message id='${id}' type='chat' from='romeo@verona.test/a' to='${ENTRY.jid}'><body>x</body></message>`,
    );
  sessions.add(before);
  for (const id of [1, 2]) before.deliver(message(id));
  after.follow(before);
  sessions.replace(before, after);
  after.deliver(message(3));
  if (held) estates.left("b", new Set([before.account.bare]));
  for (const [, parcel] of sent.splice(0)) parcel.failed("died");
  if (held) {
    await turns(4);
    expect(sent).toEqual([]);
    estates.narrowed("b", []);
  }
  await turns(4);
  after.deliver(message(4));
  expect(told()).toEqual(["c =1", "c =2", "c =3", "c =4"]);
});
