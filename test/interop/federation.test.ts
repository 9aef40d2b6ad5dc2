// Federation with servers that others wrote: messages and subscriptions both ways, by each proof and kind of TLS.
import { test } from "@jest/globals";
import { needing } from "../harness/needing.ts";
import { startEjabberd } from "./ejabberd.ts";
import { startProsody } from "./prosody.ts";
import { PASSWORD, type Region, startRegion } from "./region.ts";
import type { RemoteOptions, RemoteServer } from "./remote-server.ts";
import { befriend, CLIENTS, converse, part } from "./scenario.ts";

/** A client on each server; both see, hear and lose one another. */
async function meet(region: Region, remote: RemoteServer): Promise<void> {
  await region.createAccount("romeo");
  const login = { password: PASSWORD, transport: "starttls" } as const;
  const romeo = await CLIENTS.slixmpp({
    ...login,
    jid: "romeo@verona.test/orchard",
    service: region.service("starttls"),
    authority: region.authority,
  });
  const juliet = await CLIENTS.slixmpp({
    ...login,
    jid: "juliet@capulet.test/balcony",
    mechanism: "PLAIN",
    service: remote.service,
    authority: remote.authority,
  });
  try {
    await befriend(romeo, juliet);
    await converse(romeo, juliet);
    await part(juliet, romeo);
  } finally {
    await Promise.all([romeo.stop(), juliet.stop()]);
  }
}

type Start = (region: Region, options: RemoteOptions) => Promise<RemoteServer>;

const WAYS = [
  { proof: "dialback", tls: "starttls" },
  { proof: "dialback", tls: "direct" },
  { proof: "external", tls: "starttls" },
  { proof: "external", tls: "direct" },
] as const;

for (const [program, start] of [
  ["prosody", startProsody],
  ["ejabberd", startEjabberd],
] satisfies ["prosody" | "ejabberd", Start][])
  needing("slixmpp", program).describe(`our server and ${program}`, () => {
    test.each(WAYS)("by $proof over $tls", async ({ proof, tls }) => {
      // What is not asked for must not be what made it work.
      const external = proof === "external";
      const region = await startRegion("verona.test", { requireValidCertificate: external, allowDialback: !external });
      try {
        const remote = await start(region, { domain: "capulet.test", accounts: ["juliet"], proof, tls });
        await meet(region, remote).finally(() => remote.stop());
      } catch (error) {
        throw new Error(`${(error as Error).message}\n\nOur log:\n${region.log().slice(-6000)}`);
      } finally {
        await region.stop();
      }
    });
  });
