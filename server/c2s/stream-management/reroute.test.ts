// What a session held and could not deliver: let go of only where it found another way.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { systemClock } from "../../../xmpp/clock.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import type { SessionHost } from "../../ports/host.ts";
import { StoreUnavailable } from "../../ports/store.ts";
import { rerouteEach } from "./reroute.ts";
import { keptOf } from "./unacked.ts";

test("what finds no other way stays held, and what another session was given is not rerouted", async () => {
  const host = {
    domain: "verona.test",
    clock: systemClock,
    log: pino({ level: "silent" }),
    redeliver: async (stanza: Stanza) => {
      if (stanza.id === "1") throw new StoreUnavailable("away");
      stanza.safety?.became("stored");
    },
  } as unknown as SessionHost;
  const kept = ["1", "2", "3"].map((id) =>
    keptOf(
      Stanza.fromText(
        `<message from='romeo@verona.test/a' to='juliet@verona.test/b' id='${id}' type='chat'><body>x</body></message>`,
      ),
    ),
  );
  kept[2]!.lent = true;
  const released: string[] = [];
  const release = (items: readonly { stanza: Stanza }[], fate: string) => {
    for (const { stanza } of items) released.push(`${stanza.id} ${fate}`);
  };
  await rerouteEach(host, kept, { release });
  expect(released).toEqual(["2 stored"]);
});
