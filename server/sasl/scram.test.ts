// SCRAM against the RFCs' own vectors, XEP-0474's, and what attackers try.
import { beforeAll, describe, expect, test } from "@jest/globals";
import { clientFinal, clientFirst, fakeContext, salted, stepOf } from "../../test/sasl/scram-client.ts";
import { deriveCredentials } from "../accounts/credentials.ts";
import type { Credentials, ScramHash } from "../ports/store.ts";
import { StoreUnavailable } from "../ports/store.ts";
import type { SaslContext, SaslExchange, SaslStep } from "./mechanism.ts";
import { scram } from "./scram.ts";
import { keysFromSalted } from "./scram-keys.ts";

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

describe("vectors", () => {
  const vectors: [ScramHash, string, string, string, string, string, string][] = [
    [
      "SHA-1",
      "3rfcNHYJY1ZVvWVs7j",
      "QSXCR+Q6sek8bf92",
      "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
      "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
      "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
      "RFC 5802 §5",
    ],
    [
      "SHA-256",
      "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
      "W22ZaJ0SNY7soEsUEjb6gQ==",
      "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
      "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
      "RFC 7677 §3",
    ],
  ];

  // The vectors' server-first has no extension, ours has `h`, which changes AuthMessage: so the vectors are checked on
  // the arithmetic, and the messages' form on everything before `h`.
  test.each(vectors)("%s", async (hash, nonce, salt, first, final, serverFinal) => {
    const { proofFits, hmac } = await import("./scram-keys.ts");
    const keys = keysFromSalted(hash, salted("pencil", Buffer.from(salt, "base64"), 4096, hash));
    const all = { [hash]: { salt: Buffer.from(salt, "base64"), iterations: 4096, ...keys } };
    const exchange = scram(hash, false, { nonce: () => nonce }).begin(fakeContext({ user: all }));
    const challenge = await exchange.step(Buffer.from(first));
    const clientNonce = first.slice(first.indexOf("r=") + 2);
    const serverFirst = `r=${clientNonce}${nonce},s=${salt},i=4096`;
    expect(challenge.kind === "challenge" && challenge.data.toString()).toMatch(/^.*,h=[A-Za-z0-9+/=]+$/);
    expect(challenge.kind === "challenge" && challenge.data.toString().replace(/,h=.*$/, "")).toBe(serverFirst);
    const [withoutProof, proof] = final.split(",p=") as [string, string];
    const authMessage = `${first.slice(3)},${serverFirst},${withoutProof}`;
    expect(proofFits(hash, keys.storedKey, authMessage, Buffer.from(proof, "base64"))).toBe(true);
    expect(proofFits(hash, keys.storedKey, `${authMessage}x`, Buffer.from(proof, "base64"))).toBe(false);
    expect(`v=${hmac(hash, keys.serverKey, authMessage).toString("base64")}`).toBe(serverFinal);
  });
});

describe("an exchange", () => {
  test.each<ScramHash>(["SHA-1", "SHA-256", "SHA-512"])("SCRAM-%s ends well with the right password", async (hash) => {
    const exchange = scram(hash, false).begin(context());
    const first = clientFirst("n,,", "Romeo", "abc");
    const challenge = stepOf(await exchange.step(Buffer.from(first)), "challenge").data.toString();
    const { message, serverSignature } = clientFinal({ hash, password: PASSWORD, first, challenge });
    const success = stepOf(await exchange.step(Buffer.from(message)), "success");
    expect(success.local).toBe("romeo");
    expect(success.data?.toString()).toBe(`v=${serverSignature}`);
  });

  test("without initial response the client is asked for one", async () => {
    const exchange = scram("SHA-256", false).begin(context());
    expect(await exchange.step(Buffer.alloc(0))).toMatchObject({ kind: "challenge", data: Buffer.alloc(0) });
    expect(await exchange.step(Buffer.from("n,,n=romeo,r=abc"))).toMatchObject({ kind: "challenge" });
  });

  test("names with , and = are decoded, and anything else after = is refused", async () => {
    const exchange = () => scram("SHA-256", false).begin(fakeContext({ "a,b=c": stored }));
    const begun = exchange();
    const first = "n,,n=a=2Cb=3Dc,r=abc";
    const challenge = stepOf(await begun.step(Buffer.from(first)), "challenge").data.toString();
    const { message } = clientFinal({ hash: "SHA-256", password: PASSWORD, first, challenge });
    expect(await begun.step(Buffer.from(message))).toMatchObject({ kind: "success", local: "a,b=c" });
    for (const name of ["a=2c", "a=", "a=41", "=3d"])
      expect(await failureOf(exchange(), `n,,n=${name},r=abc`)).toMatchObject({ condition: "malformed-request" });
  });

  test.each([
    ["no GS2 header", "n=romeo,r=abc"],
    ["an unknown flag", "x,,n=romeo,r=abc"],
    ["a mandatory extension", "n,,m=ext,n=romeo,r=abc"],
    ["a mandatory extension later", "n,,n=romeo,r=abc,m=ext"],
    ["no nonce", "n,,n=romeo"],
    ["an empty nonce", "n,,n=romeo,r="],
    ["a nonce beyond ASCII", "n,,n=romeo,r=ä"],
    ["a nonce beyond its bound", `n,,n=romeo,r=${"a".repeat(300)}`],
    ["an empty name", "n,,n=,r=abc"],
    ["attributes in another order", "n,,r=abc,n=romeo"],
    ["a broken extension", "n,,n=romeo,r=abc,x"],
    ["too many extensions", `n,,n=romeo,r=abc${",x=y".repeat(17)}`],
    ["NUL", "n,,n=ro\0meo,r=abc"],
    ["a message beyond its bound", `n,,n=romeo,r=abc,x=${"y".repeat(5000)}`],
    ["an empty authorization identity", "n,a=,n=romeo,r=abc"],
  ])("%s is malformed", async (_, message) => {
    expect(await failureOf(scram("SHA-256", false).begin(context()), message)).toEqual({
      kind: "failure",
      condition: "malformed-request",
    });
  });

  test("bytes that are not UTF-8 are malformed", async () => {
    const exchange = scram("SHA-256", false).begin(context());
    const data = Buffer.concat([Buffer.from("n,,n=rom"), Buffer.from([0xff]), Buffer.from(",r=abc")]);
    expect(await exchange.step(data)).toMatchObject({ condition: "malformed-request" });
  });

  test("a store that is down is a temporary failure, and is reported", async () => {
    const reported: unknown[] = [];
    const down = new StoreUnavailable("down");
    const exchange = scram("SHA-256", false).begin({
      ...context({ report: (error) => reported.push(error) }),
      credentials: { scramKeys: () => Promise.reject(down), checkPassword: () => Promise.reject(down) },
    });
    expect(await failureOf(exchange, "n,,n=romeo,r=abc")).toMatchObject({ condition: "temporary-auth-failure" });
    expect(reported).toEqual([down]);
  });
});

describe("attacks", () => {
  async function open(first: string, more: Partial<SaslContext> = {}) {
    const exchange = scram("SHA-256", false).begin(context(more));
    const challenge = stepOf(await exchange.step(Buffer.from(first)), "challenge").data.toString();
    return { exchange, challenge, final: clientFinal({ hash: "SHA-256", password: PASSWORD, first, challenge }) };
  }
  const first = "n,,n=romeo,r=abc";

  test("a wrong password", async () => {
    const { exchange, challenge } = await open(first);
    const { message } = clientFinal({ hash: "SHA-256", password: "wrong", first, challenge });
    expect(await failureOf(exchange, message)).toMatchObject({
      condition: "not-authorized",
      account: "romeo@example.org",
    });
  });

  test("a proof replayed in another exchange", async () => {
    const heard = await open(first);
    const replayed = await open(first);
    expect(await failureOf(replayed.exchange, heard.final.message)).toMatchObject({ condition: "not-authorized" });
  });

  test("a second final message after success", async () => {
    const { exchange, final } = await open(first);
    expect(await failureOf(exchange, final.message)).toMatchObject({ kind: "success" });
    expect(await failureOf(exchange, final.message)).toMatchObject({ condition: "malformed-request" });
  });

  test("a message sent before the challenge came", async () => {
    const exchange = scram("SHA-256", false).begin(context());
    const pending = exchange.step(Buffer.from(first));
    expect(await exchange.step(Buffer.from("c=biws,r=abc,p=AAAA"))).toMatchObject({ condition: "malformed-request" });
    expect(await pending).toMatchObject({ kind: "failure" });
  });

  test("another nonce under a right proof", async () => {
    const { exchange, challenge } = await open(first);
    const nonce = `${challenge.slice(2, challenge.indexOf(","))}x`;
    const { message } = clientFinal({ hash: "SHA-256", password: PASSWORD, first, challenge, nonce });
    expect(await failureOf(exchange, message)).toMatchObject({ condition: "not-authorized" });
  });

  test("another GS2 header in the final message under a right proof", async () => {
    const { exchange, challenge } = await open(first);
    const { message } = clientFinal({ hash: "SHA-256", password: PASSWORD, first, challenge, gs2Header: "y,," });
    expect(await failureOf(exchange, message)).toMatchObject({ condition: "not-authorized" });
  });

  test("the stored key itself is no proof", async () => {
    const { exchange, challenge } = await open(first);
    const nonce = challenge.slice(2, challenge.indexOf(","));
    const proof = stored["SHA-256"]!.storedKey.toString("base64");
    expect(await failureOf(exchange, `c=biws,r=${nonce},p=${proof}`)).toMatchObject({ condition: "not-authorized" });
  });

  test.each(["p=AAAA", "p=", "p=!!!!", "p=AAA"])("a proof %s of the wrong form or length", async (proof) => {
    const { exchange, challenge } = await open(first);
    const nonce = challenge.slice(2, challenge.indexOf(","));
    expect(await failureOf(exchange, `c=biws,r=${nonce},${proof}`)).toMatchObject({ kind: "failure" });
  });

  test("flag y while -PLUS was offered: somebody took it off the list. RFC 5802 §6", async () => {
    const offered = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"];
    const exchange = scram("SHA-256", false).begin(context({ offered }));
    expect(await failureOf(exchange, "y,,n=romeo,r=abc")).toMatchObject({ condition: "not-authorized" });
    expect(await failureOf(scram("SHA-256", false).begin(context()), "y,,n=romeo,r=abc")).toMatchObject({
      kind: "challenge",
    });
  });

  test("channel binding with a mechanism that has none", async () => {
    const exchange = scram("SHA-256", false).begin(context());
    expect(await failureOf(exchange, "p=tls-exporter,,n=romeo,r=abc")).toMatchObject({
      condition: "malformed-request",
    });
  });

  test.each(["n,,", "y,,"])("-PLUS with flag %s", async (header) => {
    const exchange = scram("SHA-256", true).begin(context());
    expect(await failureOf(exchange, `${header}n=romeo,r=abc`)).toMatchObject({ condition: "malformed-request" });
  });

  test("-PLUS on a stream without TLS, or with a type that there is not", async () => {
    for (const type of ["tls-exporter", "tls-unique", "constructor", "__proto__".replaceAll("_", "-")]) {
      const exchange = scram("SHA-256", true).begin(context());
      expect(await failureOf(exchange, `p=${type},,n=romeo,r=abc`)).toMatchObject({ kind: "failure" });
    }
    expect(scram("SHA-256", true).available(context())).toBe(false);
  });

  test("the authorization identity of another", async () => {
    const attempt = (authzid: string) =>
      failureOf(scram("SHA-256", false).begin(context()), `n,a=${authzid},n=romeo,r=abc`);
    for (const other of [
      "juliet@example.org",
      "romeo@example.com",
      "romeo",
      "romeo@example.org/balcony",
      "example.org",
    ])
      expect(await attempt(other)).toMatchObject({ condition: "invalid-authzid" });
    expect(await attempt("Romeo@Example.org")).toMatchObject({ kind: "challenge" });
  });

  test("names from Object.prototype are unknown accounts", async () => {
    for (const name of ["__proto__", "constructor", "toString"])
      expect(await failureOf(scram("SHA-256", false).begin(context()), `n,,n=${name},r=abc`)).toMatchObject({
        kind: "challenge",
      });
  });
});
