// Clients that others wrote, on our server, over each transport they have.
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { needing } from "../harness/needing.ts";
import { type ClientTransport, endClients, type ForeignClient } from "./foreign-client.ts";
import { PASSWORD, type Region, startRegion } from "./region.ts";
import { befriend, CLIENTS, type ClientName, converse, part } from "./scenario.ts";

let region: Region;
beforeAll(async () => {
  region = await startRegion("verona.test");
});
afterEach(endClients);
afterAll(() => region.stop());

let accounts = 0;

async function logIn(client: ClientName, transport: ClientTransport): Promise<ForeignClient> {
  const local = `user${++accounts}`;
  await region.createAccount(local);
  const jid = `${local}@verona.test/${transport}`;
  const service = region.service(transport);
  return CLIENTS[client]({ jid, password: PASSWORD, transport, service, authority: region.authority });
}

needing("slixmpp").describe("two clients of others", () => {
  test.each([
    ["slixmpp", "starttls", "slixmpp", "tls"],
    ["slixmpp", "starttls", "@xmpp/client", "starttls"],
    ["slixmpp", "tls", "@xmpp/client", "tls"],
    ["@xmpp/client", "websocket", "slixmpp", "starttls"],
    ["stanza", "websocket", "slixmpp", "tls"],
    ["strophe.js", "websocket", "stanza", "websocket"],
  ] as const)("%s by %s and %s by %s", async (first, firstTransport, second, secondTransport) => {
    const a = await logIn(first, firstTransport);
    const b = await logIn(second, secondTransport);
    await befriend(a, b);
    await converse(a, b);
    await part(a, b);
  });

  test.each(["slixmpp", "@xmpp/client"] as const)("a wrong password is refused: %s", async (name) => {
    await region.createAccount("locked");
    const login = {
      jid: "locked@verona.test/x",
      password: "wrong",
      transport: "starttls",
      mechanism: "PLAIN",
    } as const;
    const wrong = { ...login, authority: region.authority, service: region.service("starttls") };
    await expect(CLIENTS[name](wrong)).rejects.toThrow(/auth/i);
  });
});
