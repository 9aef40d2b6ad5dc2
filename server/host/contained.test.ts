// A stanza that cannot be delivered is answered, and ends nothing but itself.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { Jid } from "../../xmpp/jid/jid.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { alone } from "../cluster/membership/alone.ts";
import type { ClientSession } from "../ports/session.ts";
import { type HostParts, VirtualHost } from "./virtual-host.ts";

function setUp() {
  const routed: Stanza[] = [];
  const host = new VirtualHost({
    domain: "verona.test",
    admins: [],
    router: {
      hosts: new Map(),
      route: (stanza: Stanza) => void routed.push(stanza),
    },
    clock: { now: () => 0 },
    ...alone("n1"),
    log: pino({ level: "silent" }),
  } as unknown as HostParts);
  const written: string[] = [];
  const add = (resource: string, deliver: (stanza: Stanza) => void) =>
    host.sessions.add({
      jid: Jid.parse(`juliet@verona.test/${resource}`),
      presence: {},
      priority: 0,
      deliver,
    } as unknown as ClientSession);
  const broken = () => {
    throw new Error("no");
  };
  const send = (to: string) =>
    host.accept(
      Stanza.fromText(`<message from="romeo@verona.test/orchard" to="${to}" id="m"><body>Hark</body></message>`),
    );
  return { host, routed, written, add, broken, send };
}

test("the account's other sessions get what one of them cannot take", () => {
  const { routed, written, add, broken, send } = setUp();
  add("balcony", broken);
  add("chamber", (stanza) => void written.push(stanza.text()));
  send("juliet@verona.test");
  expect(written).toHaveLength(1);
  expect(routed).toEqual([]);
});

test("where none can take it its sender is told, and its stream goes on", async () => {
  const { host, routed, add, broken, send } = setUp();
  add("balcony", broken);
  await send("juliet@verona.test/balcony");
  host.extensions.stage("account.delivering", "late", { kinds: ["message"] }, async (stanza) => ({
    kind: "replace",
    stanza,
  }));
  await send("juliet@verona.test");
  expect(routed.map((stanza) => `${stanza.to} ${stanza.type}`)).toEqual([
    "romeo@verona.test/orchard error",
    "romeo@verona.test/orchard error",
  ]);
  expect(routed[0]?.text()).toContain("<internal-server-error");
});
