// A message that has older ones before it does not hold up its sender, and is acknowledged to him when it was delivered.
import { beforeEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { Safety } from "../../xmpp/stanza/safety.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { DeliveryHost } from "../ports/host.ts";
import { acceptStanza } from "./accept.ts";

let waiting: (() => void | Promise<void>)[];
let room: boolean;
let told: string[];
let host: DeliveryHost;

beforeEach(() => {
  waiting = [];
  room = true;
  told = [];
  const session = {
    deliver({ id, safety }: Stanza) {
      if (id === "odd") throw new Error("a fault");
      told.push(`delivered ${id}`);
      safety?.became("acknowledged");
    },
  };
  const estates = {
    isAhead: () => true,
    anew: (_account: unknown, _stanza: Stanza, work: () => void | Promise<void>) => room && waiting.push(work) > 0,
  };
  host = {
    clock: { now: () => 1 },
    log: pino({ level: "silent" }),
    registry: { estates },
    pipelines: { "account.delivering": { idle: () => true } },
    sessions: { find: () => session, of: () => [session] },
    delivered: () => {},
    refuse({ id, safety }: Stanza, condition: string) {
      told.push(`${condition} ${id}`);
      safety?.became("given back");
    },
  } as unknown as DeliveryHost;
});

/** Comes from romeo. Returns what holds up his stream. */
function comes(kind: "message" | "presence", id: string): void | Promise<void> {
  const stanza = Stanza.fromText(
    `<${kind} xmlns='jabber:client' id='${id}' from='romeo@verona.test/r' to='juliet@verona.test/r'/>`,
  );
  stanza.safety = new Safety(({ fate }) => told.push(`${id} is ${fate}`));
  const held = acceptStanza(host, stanza);
  stanza.safety.release("passed on");
  return held;
}

test("it waits, his stream does not, and what became of it is told at its turn, also where that fails", async () => {
  expect([comes("message", "1"), comes("message", "odd")]).toEqual([undefined, undefined]);
  expect(told).toEqual([]);
  for (const work of waiting) await work();
  expect(told).toEqual(["delivered 1", "1 is acknowledged", "internal-server-error odd", "odd is given back"]);
});

test("where too much waits it goes back to him, and what is no message goes past", () => {
  room = false;
  expect([comes("message", "1"), comes("presence", "2")]).toEqual([undefined, undefined]);
  expect(told.slice(0, 3)).toEqual(["resource-constraint 1", "1 is given back", "delivered 2"]);
});
