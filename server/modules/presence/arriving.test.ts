// A session that a stage keeps from arriving is told so, and is given nothing that was to wait for something older.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { alone } from "../../cluster/membership/alone.ts";
import { pass, reject } from "../../delivery/verdict.ts";
import { ModuleView } from "../../host/module-view.ts";
import { type HostParts, VirtualHost } from "../../host/virtual-host.ts";
import type { ModuleDefinition } from "../../module/define.ts";
import { Registrations } from "../../module/registrations.ts";
import type { OwnSession } from "../../ports/session.ts";
import type { Rosters } from "../roster/rosters.ts";
import { broadcastAvailable } from "./broadcast.ts";
import { presence } from "./presence.ts";

const JULIET = Jid.parse("juliet@verona.test/balcony");

function setUp() {
  const steps: string[] = [];
  const logged: { stage?: string }[] = [];
  const log = pino({ level: "error" }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const served = new VirtualHost({
    domain: "verona.test",
    admins: [],
    clock: { now: () => 0 },
    ...alone("n1"),
    log,
  } as unknown as HostParts);
  const host = new ModuleView(served, presence as ModuleDefinition, new Registrations("presence"));
  host.on("session.receptive", () => void steps.push("receptive"));
  const session = {
    jid: JULIET,
    account: JULIET.toBare(),
    remote: false,
    presence: undefined,
    priority: 0,
    pause: () => steps.push("paused"),
    unpause: () => steps.push("unpaused"),
    deliver: () => {},
    charge: () => {},
  } as unknown as OwnSession;
  served.sessions.add(session);
  host.stage("session.arriving", "older", { kinds: ["presence"] }, (_presence, arriving) => {
    arriving.session.pause();
    return pass;
  });
  const rosters = { of: async () => ({ items: new Map() }) } as unknown as Rosters;
  const arrive = () => broadcastAvailable({ host, rosters }, session, Stanza.fromText("<presence/>"), 0);
  return { host, session, steps, logged, arrive };
}

test("stages of its arrival are done before it is available to anybody", async () => {
  const { host, session, steps, arrive } = setUp();
  host.stage("session.arriving", "slow", { kinds: ["presence"], after: ["older"] }, async () => {
    await new Promise(setImmediate);
    steps.push(session.presence === undefined ? "not available yet" : "available");
    return pass;
  });
  expect(await arrive()).toMatchObject({ kind: "handled" });
  expect(session.presence).toBeDefined();
  expect(steps).toEqual(["paused", "not available yet", "receptive"]);
});

test("a stage that throws keeps it away, says so to the client and to the log", async () => {
  const { host, session, steps, logged, arrive } = setUp();
  host.stage("session.arriving", "broken", { kinds: ["presence"], after: ["older"] }, () => {
    throw new Error("no");
  });
  expect(await arrive()).toMatchObject({ kind: "reject", condition: "internal-server-error" });
  expect(session.presence).toBeUndefined();
  expect(steps).toEqual(["paused", "unpaused"]);
  expect(logged.map(({ stage }) => stage)).toEqual(["broken"]);
});

test("a stage may refuse it", async () => {
  const { host, session, arrive } = setUp();
  host.stage("session.arriving", "full", { kinds: ["presence"] }, () => reject("resource-constraint", "later"));
  expect(await arrive()).toMatchObject({ kind: "reject", condition: "resource-constraint" });
  expect(session.presence).toBeUndefined();
});
