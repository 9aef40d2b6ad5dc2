// What SCRAM tells nobody: which accounts there are; and what it tells under the password's signature (XEP-0474).
import { beforeAll, describe, expect, test } from "@jest/globals";
import { clientFinal, fakeContext, stepOf } from "../../test/sasl/scram-client.ts";
import { deriveCredentials } from "../accounts/credentials.ts";
import type { Credentials, ScramHash } from "../ports/store.ts";
import type { SaslContext, SaslExchange, SaslStep } from "./mechanism.ts";
import { scram } from "./scram.ts";

const PASSWORD = "orchard";
let stored: Credentials;

beforeAll(async () => {
  stored = await deriveCredentials(PASSWORD, 4096);
});

function context(more: Partial<SaslContext> = {}): SaslContext {
  return fakeContext({ romeo: stored }, more);
}

async function failureOf(exchange: SaslExchange, ...messages: string[]): Promise<SaslStep> {
  let step: SaslStep | undefined;
  for (const message of messages) step = await exchange.step(Buffer.from(message));
  return step!;
}

describe("an unknown account", () => {
  async function challengeOf(name: string, hash: ScramHash = "SHA-256", more: Partial<SaslContext> = {}) {
    const exchange = scram(hash, false).begin(context({ decoyIterations: [4096], ...more }));
    const first = `n,,n=${name},r=abc`;
    const text = stepOf(await exchange.step(Buffer.from(first)), "challenge").data.toString();
    const [, salt, iterations] = text.split(",");
    return { exchange, first, text, salt, iterations };
  }

  test("is told the same salt each time, as long as a real one, and the usual iterations", async () => {
    const real = await challengeOf("romeo");
    const one = await challengeOf("nobody");
    const two = await challengeOf("nobody");
    expect(one.salt).toBe(two.salt);
    expect(one.salt).not.toBe((await challengeOf("nobody2")).salt);
    expect(one.salt).not.toBe((await challengeOf("nobody", "SHA-1")).salt);
    expect(one.salt).not.toBe((await challengeOf("nobody", "SHA-256", { domain: "example.com" })).salt);
    expect(one.salt).not.toBe((await challengeOf("nobody", "SHA-256", { decoySecret: Buffer.alloc(32, 9) })).salt);
    expect(one.iterations).toBe(real.iterations);
    expect(one.text.length).toBe(real.text.length);
    expect(one.text.replace(/=[^,]*/g, "")).toBe(real.text.replace(/=[^,]*/g, ""));
  });

  test("gets the answer of a wrong password", async () => {
    const answers = [];
    for (const name of ["romeo", "nobody"]) {
      const { exchange, first, text } = await challengeOf(name);
      const { message } = clientFinal({ hash: "SHA-256", password: "wrong", first, challenge: text });
      const { account, ...told } = (await failureOf(exchange, message)) as SaslStep & { account?: string };
      expect(account).toBe(`${name}@example.org`);
      answers.push(told);
    }
    expect(answers[0]).toEqual(answers[1]);
  });

  test("cannot be logged in to with the keys that are made up for it", async () => {
    const { decoyKeys, digest, hmac } = await import("./scram-keys.ts");
    const { exchange, first, text } = await challengeOf("nobody");
    const { decoySecret } = context();
    const { storedKey } = decoyKeys(decoySecret, { domain: "example.org", local: "nobody", hash: "SHA-256" }, [4096]);
    const nonce = text.slice(2, text.indexOf(","));
    const authMessage = `${first.slice(3)},${text},c=biws,r=${nonce}`;
    const proof = hmac("SHA-256", storedKey, authMessage);
    for (let i = 0; i < proof.length; i += 1) proof[i]! ^= digest("SHA-256", storedKey)[i]!;
    expect(await failureOf(exchange, `c=biws,r=${nonce},p=${proof.toString("base64")}`)).toMatchObject({
      condition: "not-authorized",
    });
  });
});

describe("downgrade protection, XEP-0474", () => {
  test("the XEP's own example", async () => {
    const { downgradeHash } = await import("./downgrade.ts");
    expect(downgradeHash("SHA-1", ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"], ["tls-server-end-point", "tls-exporter"])).toBe(
      "G6k/rBLDqgOhRRaCuuatSDFkJ08=",
    );
  });

  test("a list from which -PLUS was stripped gives another hash, and a hash changed on the way breaks the proof", async () => {
    const { downgradeHash } = await import("./downgrade.ts");
    const offered = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN"];
    const announcedBindings = ["tls-exporter"];
    const exchange = scram("SHA-256", false).begin(context({ offered, announcedBindings }));
    const first = "n,,n=romeo,r=abc";
    const challenge = stepOf(await exchange.step(Buffer.from(first)), "challenge").data.toString();
    expect(challenge).toMatch(new RegExp(`,h=${escaped(downgradeHash("SHA-256", offered, announcedBindings))}$`));
    const stripped = downgradeHash("SHA-256", ["SCRAM-SHA-256", "PLAIN"], []);
    expect(challenge).not.toContain(stripped);
    const forged = challenge.replace(/,h=.*$/, `,h=${stripped}`);
    const { message } = clientFinal({ hash: "SHA-256", password: PASSWORD, first, challenge: forged });
    expect(await failureOf(exchange, message)).toMatchObject({ condition: "not-authorized" });
  });

  function escaped(text: string): string {
    return text.replace(/[+/=]/g, "\\$&");
  }
});
