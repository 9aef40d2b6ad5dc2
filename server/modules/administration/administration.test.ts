// Administrators alone see and change accounts, those of this host alone. XEP-0133.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { administration } from "./administration.ts";

const ADMIN = "http://jabber.org/protocol/admin";
const field = (name: string, value: string) => `<field var='${name}'><value>${value}</value></field>`;

async function setUp() {
  const fake = await FakeHost.with([[administration, { listLimit: 2 }]], { admins: ["escalus@verona.test"] });
  const escalus = await fake.session("escalus@verona.test/court");
  const romeo = await fake.session("romeo@verona.test/orchard");
  const attributes = (id: string) => `xmlns='http://jabber.org/protocol/commands' node='${ADMIN}#${id}'`;
  /** Runs a command, with its form where it has one. */
  const run = async (id: string, fields?: string) => {
    const first = await fake.ask(escalus, "set", `<command ${attributes(id)}/>`);
    if (fields === undefined) return first;
    const session = /sessionid="([^"]+)"/.exec(first)?.[1];
    const form = `<x xmlns='jabber:x:data' type='submit'>${fields}</x>`;
    return fake.ask(escalus, "set", `<command ${attributes(id)} sessionid='${session}'>${form}</command>`);
  };
  return { fake, escalus, romeo, run };
}

test("whoever is no administrator is refused", async () => {
  const { fake, romeo } = await setUp();
  const command = `<command xmlns='http://jabber.org/protocol/commands' node='${ADMIN}#get-online-users-num'/>`;
  expect(await fake.ask(romeo, "set", command)).toContain("<forbidden");
});

test("an account is made once, shut and opened, and deleted with its sessions", async () => {
  const { fake, romeo, run } = await setUp();
  const tybalt = field("accountjid", "tybalt@verona.test");
  const password = field("password", "prince of cats");
  expect(await run("add-user", tybalt + password + field("password-verify", "king of cats"))).toContain(
    "the passwords differ",
  );
  expect(await run("add-user", tybalt + field("password", "short"))).toContain("<not-acceptable");
  expect(await run("add-user", tybalt + password)).toContain("The account was made.");
  expect(await run("add-user", tybalt + password)).toContain("<conflict");
  expect(await run("disable-user", field("accountjids", "nobody@verona.test"))).toContain(
    "there is no nobody@verona.test",
  );
  expect(await run("delete-user", field("accountjids", "romeo@verona.test"))).toContain("were deleted");
  expect(romeo.ending).toBe("not-authorized");
  expect(await fake.host.accounts.exists("verona.test", "romeo")).toBe(false);
});

test("an account of another domain is none", async () => {
  const { run } = await setUp();
  expect(await run("delete-user", field("accountjids", "romeo@mantua.test"))).toContain("no account of verona.test");
});

test("lists are as long as the settings say", async () => {
  const { fake, run } = await setUp();
  await fake.session("juliet@verona.test/balcony");
  expect(await run("get-registered-users-num")).toContain("<value>3</value>");
  expect((await run("get-registered-users-list")).match(/<value>\w+@verona.test/g)).toHaveLength(2);
});
