// PLAIN and ANONYMOUS: their messages, and nobody acting for another.
import { describe, expect, test } from "@jest/globals";
import { fakeContext, stepOf } from "../../test/sasl/scram-client.ts";
import { anonymous } from "./anonymous.ts";
import type { SaslStep } from "./mechanism.ts";
import { plain } from "./plain.ts";

const context = fakeContext({ romeo: {}, juliet: {} }, { encrypted: true });

async function attempt(...messages: (string | Buffer)[]): Promise<SaslStep> {
  const exchange = plain.begin(context);
  let step: SaslStep | undefined;
  for (const message of messages) step = await exchange.step(Buffer.from(message));
  return step!;
}

describe("PLAIN", () => {
  test("the right password succeeds, with the name prepared", async () => {
    expect(await attempt("\0Romeo\0orchard")).toEqual({ kind: "success", local: "romeo" });
    expect(await attempt("romeo@example.org\0romeo\0orchard")).toMatchObject({ kind: "success" });
  });

  test("what it has proven holds for an account with that key, and for no other or none", async () => {
    const keys = (fill: number) => ({
      salt: Buffer.alloc(16, fill),
      iterations: 4096,
      storedKey: Buffer.alloc(32, fill),
      serverKey: Buffer.alloc(32, fill),
    });
    const credentials = {
      ...context.credentials,
      checkPassword: async (_: string, __: string, ___: string, proven?: (key: Buffer) => void) => {
        proven?.(keys(1).storedKey);
        return true;
      },
    };
    const step = await plain.begin({ ...context, credentials }).step(Buffer.from("\0romeo\0orchard"));
    const { still } = stepOf(step, "success");
    const account = { local: "romeo", createdAt: 1, disabled: false };
    expect(still?.({ ...account, credentials: { "SHA-1": keys(2), "SHA-256": keys(1) } })).toBe(true);
    expect(still?.({ ...account, credentials: { "SHA-256": keys(2) } })).toBe(false);
    expect(still?.({ ...account, credentials: {} })).toBe(false);
    expect(still?.(undefined)).toBe(false);
  });

  test("unknown account and wrong password get one answer", async () => {
    expect(await attempt("\0romeo\0wrong")).toEqual({
      kind: "failure",
      condition: "not-authorized",
      account: "romeo@example.org",
    });
    expect(await attempt("\0nobody\0orchard")).toEqual({
      kind: "failure",
      condition: "not-authorized",
      account: "nobody@example.org",
    });
  });

  test("without initial response the client is asked once", async () => {
    expect(await attempt("")).toMatchObject({ kind: "challenge" });
    expect(await attempt("", "\0romeo\0orchard")).toMatchObject({ kind: "success" });
    expect(await attempt("", "")).toMatchObject({ condition: "malformed-request" });
  });

  test.each(["juliet@example.org", "romeo@example.com", "romeo", "romeo@example.org/balcony", "example.org", "@"])(
    "authorization identity %s is refused",
    async (authzid) => {
      expect(await attempt(`${authzid}\0romeo\0orchard`)).toMatchObject({ condition: "invalid-authzid" });
    },
  );

  test.each<[string, string | Buffer]>([
    ["one part", "romeo"],
    ["two parts", "romeo\0orchard"],
    ["four parts", "\0romeo\0orchard\0"],
    ["an empty name", "\0\0orchard"],
    ["an empty password", "\0romeo\0"],
    ["bytes that are not UTF-8", Buffer.from([0, 0x72, 0, 0xc3, 0x28])],
  ])("%s is malformed", async (_, message) => {
    expect(await attempt(message)).toMatchObject({ condition: "malformed-request" });
  });

  test("a second message is out of turn", async () => {
    expect(await attempt("\0romeo\0wrong", "\0romeo\0orchard")).toMatchObject({ condition: "malformed-request" });
  });

  test("a name that can be no localpart is not authorized", async () => {
    expect(await attempt("\0ro@meo\0orchard")).toEqual({ kind: "failure", condition: "not-authorized" });
  });

  test("a provider that is down is a temporary failure, and is reported", async () => {
    const reported: unknown[] = [];
    const down = new Error("down");
    const exchange = plain.begin({
      ...context,
      report: (error) => reported.push(error),
      credentials: { scramKeys: async () => undefined, checkPassword: () => Promise.reject(down) },
    });
    expect(await exchange.step(Buffer.from("\0romeo\0orchard"))).toMatchObject({ condition: "temporary-auth-failure" });
    expect(reported).toEqual([down]);
  });
});

describe("ANONYMOUS", () => {
  test("gives a new random name each time", async () => {
    const names = await Promise.all(
      ["", "sirhc", ""].map(async (trace) =>
        stepOf(await anonymous.begin(context).step(Buffer.from(trace)), "success"),
      ),
    );
    expect(new Set(names.map(({ local }) => local)).size).toBe(3);
    expect(names.every((step) => step.anonymous === true && step.local.length >= 32)).toBe(true);
  });

  test.each<[string, Buffer]>([
    ["too long", Buffer.from("x".repeat(256))],
    ["with control characters", Buffer.from("a\0b")],
    ["not UTF-8", Buffer.from([0xff])],
  ])("trace information %s is malformed", async (_, trace) => {
    expect(await anonymous.begin(context).step(trace)).toMatchObject({ condition: "malformed-request" });
  });

  test("is over after one message", async () => {
    const exchange = anonymous.begin(context);
    await exchange.step(Buffer.alloc(0));
    expect(await exchange.step(Buffer.alloc(0))).toMatchObject({ condition: "malformed-request" });
  });
});
