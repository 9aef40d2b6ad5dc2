// Federation with Debian's Prosody: messages and subscriptions both ways, by each proof and each kind of TLS.
import { test } from "@jest/globals";
import { describeWith, PROSODY, PYTHON } from "./missing.ts";
import { type Proof, type Prosody, startProsody } from "./prosody.ts";
import { PASSWORD, type Region, startRegion } from "./region.ts";
import { befriend, CLIENTS, converse, part } from "./scenario.ts";

const ACCOUNTS = ["juliet"];

/** A client on each server; both see, hear and lose one another. */
async function meet(region: Region, prosody: Prosody): Promise<void> {
  await region.createAccount("romeo");
  const romeo = await CLIENTS.slixmpp({
    jid: "romeo@verona.test/orchard",
    password: PASSWORD,
    transport: "starttls",
    service: region.service("starttls"),
    authority: region.authority,
  });
  const juliet = await CLIENTS.slixmpp({
    jid: "juliet@capulet.test/balcony",
    password: PASSWORD,
    transport: "starttls",
    service: prosody.service,
    authority: prosody.authority,
  });
  try {
    await befriend(romeo, juliet);
    await converse(romeo, juliet);
    await part(juliet, romeo);
  } finally {
    await Promise.all([romeo.stop(), juliet.stop()]);
  }
}

describeWith([PYTHON, PROSODY], "our server and Prosody", () => {
  test.each<[Proof, "starttls" | "direct"]>([
    ["dialback", "starttls"],
    ["dialback", "direct"],
    ["external", "starttls"],
    ["external", "direct"],
  ])("by %s over %s", async (proof, tls) => {
    const region = await startRegion("verona.test", {
      requireValidCertificate: proof === "external",
      allowDialback: proof === "dialback",
    });
    const prosody = await startProsody(region, { domain: "capulet.test", accounts: ACCOUNTS, proof, tls });
    try {
      await meet(region, prosody);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n\nOur log:\n${region.log().slice(-6000)}`);
    } finally {
      await prosody.stop();
      await region.stop();
    }
  });
});
