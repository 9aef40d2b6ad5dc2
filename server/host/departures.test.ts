// What takes leave of a removed account's contacts is kept whatever the account is called. XEP-0077 §3.2.

import { expect, test } from "@jest/globals";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { DOCUMENTS } from "../documents/store.ts";
import { memoryStores } from "../storage/memory/stores.ts";
import { KeptDepartures } from "./departures.ts";

for (const local of ["romeo", `${"r".repeat(63)}\u{10428}`, "r".repeat(1_023)])
  test(`the departure of a name of ${local.length} characters`, async () => {
    const storage = memoryStores([DOCUMENTS]);
    const departures = new KeptDepartures(storage);
    const text = `<presence xmlns='jabber:client' from='${local}@verona.test' to='juliet@capulet.test' type='unsubscribe'/>`;
    await departures.route(Stanza.fromText(text));
    expect((await storage.of(DOCUMENTS).list("verona.test", "", "departure")).length).toBe(1);
  });
