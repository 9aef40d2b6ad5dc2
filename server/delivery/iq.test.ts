// What an answer costs to write is charged to who asked for it, also where it comes after a promise.
import { expect, test } from "@jest/globals";
import { Element } from "ltx";
import { pino } from "pino";
import { Jid } from "../../xmpp/jid/jid.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { alone } from "../cluster/membership/alone.ts";
import { type HostParts, VirtualHost } from "../host/virtual-host.ts";
import type { ClientSession } from "../ports/session.ts";

test("an answer that comes later is charged for the time that it takes to write", async () => {
  let now = 1_000;
  const routed: Stanza[] = [];
  const host = new VirtualHost({
    domain: "verona.test",
    admins: [],
    router: { route: (stanza: Stanza) => void routed.push(stanza) },
    clock: { now: () => now },
    ...alone("n1"),
    log: pino({ level: "silent" }),
  } as unknown as HostParts);
  const charged: number[] = [];
  host.sessions.add({
    jid: Jid.parse("romeo@verona.test/orchard"),
    remote: false,
    charge: (ms: number) => void charged.push(ms),
  } as unknown as ClientSession);
  /** Takes 40 ms to write. */
  class Long extends Element {
    override toString(): string {
      now += 40;
      return super.toString();
    }
  }
  let stored = (): void => {};
  const handler = async () => {
    await new Promise<void>((resolve) => {
      stored = resolve;
    });
    return new Long("query", { xmlns: "urn:example" });
  };
  const payload = { target: "account", type: "get", xmlns: "urn:example", name: "query" } as const;
  host.extensions.iqHandlers.add(payload, handler);
  const attributes = 'type="get" from="romeo@verona.test/orchard" to="romeo@verona.test"';
  const done = host.accept(Stanza.fromText(`<iq ${attributes} id="q"><query xmlns="urn:example"/></iq>`));
  // The store takes its time, which is nobody's work.
  now += 5_000;
  stored();
  await done;
  expect(routed.map(({ type, id }) => `${type} ${id}`)).toEqual(["result q"]);
  expect(charged).toEqual([40]);
});
