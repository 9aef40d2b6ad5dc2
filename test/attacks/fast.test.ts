// Tokens in the wrong hands: replayed, read from the database, kept after the password changed or its voucher is gone. XEP-0484.

import { createHmac } from "node:crypto";
import { afterEach, expect, test } from "@jest/globals";
import { DOCUMENTS } from "../../server/documents/store.ts";
import { DOMAIN, startTarget, type Target } from "./node.ts";
import { NS, presentToken, read, tokenFor } from "./tokens.ts";

const HOUR = 3_600_000;

let target: Target;

afterEach(() => target.stop());

const tokenBy = (local: string, password: string) => tokenFor(target.ports.c2sTls, local, password);

const present = (token: string, attributes = "", inner = "") =>
  presentToken(target.ports.c2sTls, token, attributes, inner);

async function withPassword(): Promise<void> {
  target = await startTarget({ "authentication.failuresBeforeBan": "1000" });
  await target.account("romeo");
}

test("a token opens its account, again and again", async () => {
  await withPassword();
  const { token } = await tokenBy("romeo", "pencil");
  for (let i = 0; i < 3; i++) expect(await present(token)).toContain(`romeo@${DOMAIN}`);
});

test.each(["5", "4", "0", "-1", "x", ""])("a count that was used, or is none, is a replay: %p", async (count) => {
  await withPassword();
  const { token } = await tokenBy("romeo", "pencil");
  expect(await present(token, " count='5'")).toContain("<success");
  expect(await present(token, ` count='${count}'`)).toContain("<not-authorized");
  expect(await present(token, " count='6'")).toContain("<success");
});

test("of two requests with one count at the same time one is a replay", async () => {
  await withPassword();
  const { token } = await tokenBy("romeo", "pencil");
  const answers = await Promise.all([1, 2, 3].map(() => present(token, " count='1'")));
  expect(answers.filter((answer) => answer.includes("<success"))).toHaveLength(1);
});

test("nothing that the database has is a token", async () => {
  await withPassword();
  const { token } = await tokenBy("romeo", "pencil");
  const kept = await target.server.storage.of(DOCUMENTS).list(DOMAIN, "romeo", "fast");
  expect(kept).toHaveLength(1);
  expect(JSON.stringify(kept)).not.toContain(token);
  const { nonce } = JSON.parse(kept[0]?.text ?? "{}") as { nonce: string };
  expect(await present(nonce)).toContain("<not-authorized");
});

test("a new password ends it, and so does its time", async () => {
  await withPassword();
  const first = await tokenBy("romeo", "pencil");
  await target.server.accounts.setPassword(DOMAIN, "romeo", "another pencil");
  expect(await present(first.token)).toContain("<not-authorized");
  const second = await tokenBy("romeo", "another pencil");
  await target.clock.advance(14 * 24 * HOUR - 60_000);
  expect(await present(second.token)).toContain("<success");
  await target.clock.advance(60_001);
  expect(await present(second.token)).toContain("<not-authorized");
});

test("it opens no account that is shut, and opens it again once that is open", async () => {
  await withPassword();
  const { token } = await tokenBy("romeo", "pencil");
  await target.server.accounts.setDisabled(DOMAIN, "romeo", true);
  expect(await present(token)).toContain("<account-disabled");
  await target.server.accounts.setDisabled(DOMAIN, "romeo", false);
  expect(await present(token)).toContain("<success");
});

test("where another provider vouches, a token lives an hour and prolongs nothing", async () => {
  const secret = "a shared secret of thirty-two bytes or more";
  target = await startTarget({
    "authentication.providers": JSON.stringify([{ kind: "jwt", algorithm: "HS256", secret }]),
  });
  const now = target.clock.now();
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "HS256" })}.${part({ sub: "romeo", exp: now / 1000 + 600 })}`;
  const jwt = `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
  const { token, expiry } = await tokenBy("romeo", jwt);
  expect(new Date(expiry).getTime()).toBe(now + HOUR);
  await target.clock.advance(HOUR / 2);
  const renewed = read(await present(token, "", `<request-token xmlns='${NS}' mechanism='HT-SHA-256-NONE'/>`));
  expect(renewed.expiry).toBe(expiry);
  expect(await present(renewed.token)).toContain("<success");
  await target.clock.advance(HOUR / 2);
  expect(await present(renewed.token)).toContain("<not-authorized");
});

test("invalidated by its client it is worth nothing", async () => {
  await withPassword();
  const { token } = await tokenBy("romeo", "pencil");
  expect(await present(token, " invalidate='true'")).toContain("<success");
  expect(await present(token)).toContain("<not-authorized");
});
