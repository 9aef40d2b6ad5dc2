// An account asks about itself, changes its password and leaves; nobody does so for another. XEP-0077.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { register } from "./register.ts";

const NS = "jabber:iq:register";
const query = (content = "") => `<query xmlns='${NS}'>${content}</query>`;

test("strangers are offered an account only where the settings have it", async () => {
  const fake = await FakeHost.with([register]);
  const offered = () => fake.host.streamFeatures.map(({ name }) => name).includes("register");
  expect(offered()).toBe(true);
  await fake.become([[register, { newAccounts: false }]]);
  expect(offered()).toBe(false);
});

test("an account learns its name, and takes another password of a proper length", async () => {
  const fake = await FakeHost.with([register]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  expect(await fake.ask(romeo, "get", query())).toMatch(/<registered\/><username>romeo<\/username>/);
  const change = (password: string, name = "romeo") =>
    fake.ask(romeo, "set", query(`<username>${name}</username><password>${password}</password>`));
  expect(await change("short")).toContain("<not-acceptable");
  expect(await change("a proper password", "juliet")).toContain("<not-allowed");
  expect(await change("a proper password")).toContain("type='result'");
});

test("an account leaves by itself, in a request for nothing else", async () => {
  const fake = await FakeHost.with([register]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  const other = await fake.session("romeo@verona.test/home");
  expect(await fake.ask(romeo, "set", query("<remove/><username>romeo</username>"))).toContain("<bad-request");
  expect(await fake.ask(romeo, "set", query("<remove/>"))).toContain("type='result'");
  expect(other.ending).toBe("not-authorized");
  expect(await fake.host.accounts.exists("verona.test", "romeo")).toBe(false);
});
