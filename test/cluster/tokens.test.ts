// Tokens and log-ins at two nodes at once: what one has spent, ended or changed opens nothing at the other. XEP-0484.

import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { DOCUMENTS } from "../../server/documents/store.ts";
import { DOMAIN } from "../attacks/node.ts";
import { authenticate, presentToken, REQUEST, read, secured, tokenFor } from "../attacks/tokens.ts";
import { TALK_START } from "../harness/certificates.ts";
import { ManualClock } from "../harness/manual-clock.ts";
import { needing } from "../harness/needing.ts";
import { ServerUnderTest } from "../harness/scene-server.ts";
import { clientFinal, clientFirst } from "../sasl/scram-client.ts";

const PATIENCE = 60_000;
const NEW = "another pencil";

let tested: ServerUnderTest;

beforeEach(async () => {
  const options = { nodes: "2", "authentication.failuresBeforeBan": "1000" };
  tested = new ServerUnderTest({ domain: DOMAIN, options: new Map(Object.entries(options)) });
  await tested.start(new ManualClock(TALK_START), "127.0.0.1:1");
  await tested.createAccount(DOMAIN, "romeo", undefined);
}, PATIENCE);
afterEach(() => tested.stop());

const port = (node: number) => tested.ports(node).c2sTls;
const token = async (node = 1) => (await tokenFor(port(node), "romeo", "pencil")).token;
const present = (node: number, given: string, attributes = "", inner = "") =>
  presentToken(port(node), given, attributes, inner);
const server = (node: number) => tested.nodes[node - 1]!.server;

/** What both nodes read before either of them writes. */
async function together<T>(operation: string, requests: readonly Promise<T>[]): Promise<T[]> {
  await tested.store.hanging(requests.length);
  tested.store.set(operation, "works");
  return Promise.all(requests);
}

const { describe: described } = needing("redis");

described("two nodes", () => {
  test(
    "of two requests with one count one is a replay, whoever wrote first",
    async () => {
      const given = await token();
      expect(await present(2, given, " count='1'")).toContain("<success");
      expect(await present(1, given, " count='1'")).toContain("<not-authorized");
      tested.store.set("documents.replace", "hangs");
      const answers = await together(
        "documents.replace",
        [1, 2].map((node) => present(node, given, " count='2'")),
      );
      expect(answers.filter((answer) => answer.includes("<success"))).toHaveLength(1);
    },
    PATIENCE,
  );

  test(
    "of two requests with different counts the higher one holds",
    async () => {
      const given = await token();
      tested.store.set("documents.replace", "hangs");
      await together(
        "documents.replace",
        [1, 2].map((node) => present(node, given, ` count='${30 - node * 10}'`)),
      );
      expect(await present(2, given, " count='20'")).toContain("<not-authorized");
      expect(await present(2, given, " count='21'")).toContain("<success");
    },
    PATIENCE,
  );

  test.each([
    ["kept again by its use", " count='1'", ""],
    ["renewed", "", REQUEST],
  ])(
    "a token that is ended at one node is not %s at the other",
    async (_, attributes, inner) => {
      const given = await token();
      tested.store.set("documents.replace", "hangs");
      const used = present(2, given, attributes, inner);
      await tested.store.hanging(1);
      expect(await present(1, given, " invalidate='true'")).toContain("<success");
      tested.store.set("documents.replace", "works");
      expect(read(await used).token).toBe("");
      expect(await present(2, given)).toContain("<not-authorized");
      expect(await server(1).storage.of(DOCUMENTS).list(DOMAIN, "romeo", "fast")).toEqual([]);
    },
    PATIENCE,
  );

  test(
    "two that renew at once both have a token that opens, until the later one was used",
    async () => {
      const kept = async () => {
        const [{ text } = { text: "{}" }] = await server(1).storage.of(DOCUMENTS).list(DOMAIN, "romeo", "fast");
        return JSON.parse(text) as { nonce?: string; previous?: { nonce: string } };
      };
      const given = await token();
      const { nonce } = await kept();
      tested.store.set("documents.replace", "hangs");
      const answers = await together(
        "documents.replace",
        [1, 2].map((node) => present(node, given, "", REQUEST)),
      );
      const renewed = answers.map((answer) => read(answer).token);
      expect(new Set([...renewed, given, ""]).size).toBe(4);
      // The later one rests on the earlier, and neither on what was there before.
      const { nonce: later, previous } = await kept();
      expect(new Set([nonce, later, previous?.nonce, undefined]).size).toBe(4);
      const opens = await Promise.all(renewed.map((each, at) => present(at + 1, each)));
      expect(opens.join("")).toContain("<success");
      expect(await present(1, given)).toContain("<not-authorized");
    },
    PATIENCE,
  );

  test(
    "a password changed at one node opens nothing at the other, though what it proved was read before",
    async () => {
      const given = await token();
      tested.store.set("accounts.get", "hangs");
      const used = present(2, given);
      await tested.store.hanging(1);
      // As if what the one node tells the other came late.
      await server(1).accounts.setPassword(DOMAIN, "romeo", NEW);
      tested.store.set("accounts.get", "works");
      expect(await used).toContain("<not-authorized");
    },
    PATIENCE,
  );

  test.each<[string, () => Promise<unknown>]>([
    ["another password", () => server(1).accounts.setPassword(DOMAIN, "romeo", NEW)],
    ["no account", () => server(1).accounts.delete(DOMAIN, "romeo")],
    [
      "another owner",
      async () => {
        await server(1).accounts.delete(DOMAIN, "romeo");
        await server(1).accounts.create(DOMAIN, "romeo", NEW);
      },
    ],
  ])(
    "nor does a proof of SCRAM that was begun before: %s",
    async (_, change) => {
      const raw = await secured(port(2));
      const first = clientFirst("n,,", "romeo", "abcdefghijklmnop");
      raw.send(authenticate("SCRAM-SHA-256", first, ""));
      const [, coded = ""] = /<challenge[^>]*>([^<]*)/.exec(await raw.until("</challenge>")) ?? [];
      const challenge = Buffer.from(coded, "base64").toString();
      await change();
      const { message } = clientFinal({ hash: "SHA-256", password: "pencil", first, challenge });
      raw.send(`<response xmlns='urn:xmpp:sasl:2'>${Buffer.from(message).toString("base64")}</response>`);
      expect(await raw.until(/<\/(success|failure)>/)).toContain("<not-authorized");
      raw.destroy();
    },
    PATIENCE,
  );

  test(
    "a stream that is being let in ends where its account's streams are ended",
    async () => {
      const given = await token();
      tested.store.set("accounts.get", "hangs");
      const used = present(2, given);
      await tested.store.hanging(1);
      const host = server(1).router.hosts.get(DOMAIN);
      await host?.accountChanges.changePassword("romeo", NEW);
      await tested.settle();
      tested.store.set("accounts.get", "works");
      expect(await used).toMatch(/<stream:error><not-authorized/);
    },
    PATIENCE,
  );

  test(
    "a token asked for with the old password is none of the new one's",
    async () => {
      tested.store.set("documents.get", "hangs");
      const asked = tokenFor(port(2), "romeo", "pencil");
      await tested.store.hanging(1);
      await server(1).accounts.setPassword(DOMAIN, "romeo", NEW);
      tested.store.set("documents.get", "works");
      const { token: given } = await asked;
      expect(given).not.toBe("");
      for (const node of [1, 2]) expect(await present(node, given)).toContain("<not-authorized");
    },
    PATIENCE,
  );
});
