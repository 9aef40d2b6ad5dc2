// A command is run by whom it is for, one form at most, and by nobody else with his session. XEP-0050.
import { expect, test } from "@jest/globals";
import { NoSettings } from "../../../contract/modules/index.ts";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { defineModule } from "../../module/define.ts";
import { commandsApi } from "./commands.ts";

const NS = "http://jabber.org/protocol/commands";
const ran: string[] = [];

/** A module that adds two commands. */
const errands = defineModule({
  name: "errands",
  implements: [],
  needs: ["commands"],
  config: NoSettings,
  activate(host) {
    const registry = host.use(commandsApi);
    const fields = [{ name: "where", label: "Where", type: "text-single" as const, required: true }];
    host.whenOver(
      registry.add({
        node: "go",
        name: "Go",
        audience: "accounts",
        form: { type: "form", title: "Go", fields },
        run: (values) => {
          ran.push(values.get("where")?.[0] ?? "");
          return { note: "Gone." };
        },
      }),
    );
    host.whenOver(
      registry.add({ node: "reign", name: "Reign", audience: "admins", run: () => ({ note: "Reigned." }) }),
    );
  },
});

const form = (where: string) =>
  `<x xmlns='jabber:x:data' type='submit'><field var='where'><value>${where}</value></field></x>`;
const command = (node: string, more = "", content = "") =>
  `<command xmlns='${NS}' node='${node}'${more}>${content}</command>`;

async function setUp() {
  const fake = await FakeHost.with([errands], { admins: ["escalus@verona.test"] });
  const romeo = await fake.session("romeo@verona.test/orchard");
  const escalus = await fake.session("escalus@verona.test/court");
  const begin = async () => /sessionid="([^"]+)"/.exec(await fake.ask(romeo, "set", command("go")))?.[1] ?? "";
  return { fake, romeo, escalus, begin };
}

test("each sees and runs what is for him", async () => {
  const { fake, romeo, escalus } = await setUp();
  const list = `<query xmlns='http://jabber.org/protocol/disco#items' node='${NS}'/>`;
  expect(await fake.ask(romeo, "get", list)).not.toContain("Reign");
  expect(await fake.ask(escalus, "get", list)).toContain("Reign");
  expect(await fake.ask(romeo, "set", command("reign"))).toContain("<forbidden");
  expect(await fake.ask(escalus, "set", command("reign"))).toContain("Reigned.");
  expect(await fake.ask(romeo, "set", command("fly"))).toContain("<item-not-found");
});

test("a form is filled in once, by who was given it, while it is open", async () => {
  const { fake, romeo, escalus, begin } = await setUp();
  const sessionid = await begin();
  const done = command("go", ` sessionid='${sessionid}'`, form("Mantua"));
  expect(await fake.ask(escalus, "set", done)).toContain("<bad-sessionid");
  expect(await fake.ask(romeo, "set", done)).toContain("Gone.");
  expect(ran).toEqual(["Mantua"]);
  expect(await fake.ask(romeo, "set", done)).toContain("<bad-sessionid");
  const late = await begin();
  await fake.clock.advance(600_001);
  expect(await fake.ask(romeo, "set", command("go", ` sessionid='${late}'`, form("x")))).toContain("<session-expired");
});

test("a required field that is missing is told by name; what is cancelled is not run", async () => {
  const { fake, romeo, begin } = await setUp();
  const before = ran.length;
  expect(await fake.ask(romeo, "set", command("go", ` sessionid='${await begin()}'`, form("")))).toContain(
    "where is missing",
  );
  expect(await fake.ask(romeo, "set", command("go", ` sessionid='${await begin()}' action='cancel'`))).toContain(
    '"canceled"',
  );
  expect(ran).toHaveLength(before);
});

test("commands go with the module that added them", async () => {
  const { fake, escalus } = await setUp();
  const { commands } = await import("./commands.ts");
  await fake.become([commands]);
  expect(await fake.ask(escalus, "set", command("reign"))).toContain("<item-not-found");
});
