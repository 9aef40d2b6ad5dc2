// Service administration by ad-hoc commands, for the host's admins. XEP-0133.
import { AdministrationSettings } from "../../../contract/modules/administration.ts";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { Content } from "../../../xmpp/stanza/content.ts";
import type { FormField } from "../../../xmpp/stanza/data-form.ts";
import { StanzaError } from "../../../xmpp/stanza/error.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { escapeText } from "../../../xmpp/xml/escape.ts";
import { defineModule, type ModuleHost } from "../../module/define.ts";
import { type Command, type CommandResult, commandsApi } from "../commands/api.ts";

const NS_ADMIN = "http://jabber.org/protocol/admin";

type Values = ReadonlyMap<string, readonly string[]>;

/** The administration module. */
export const administration = defineModule({
  name: "administration",
  implements: ["XEP-0133 1.3.1"],
  needs: ["commands", "disco"],
  grants: ["accounts", "accountChanges"],
  config: AdministrationSettings,
  activate(host, { listLimit }) {
    const registry = host.use(commandsApi);
    for (const command of [...accountCommands(host), ...sessionCommands(host), ...listCommands(host, listLimit)])
      host.whenOver(registry.add(command));
  },
});

const hidden: FormField = { name: "FORM_TYPE", type: "hidden", values: [NS_ADMIN] };
const accountJid: FormField = { name: "accountjid", type: "jid-single", label: "The account's JID", required: true };
const accountJids: FormField = { name: "accountjids", type: "jid-multi", label: "The accounts' JIDs", required: true };

function command(
  id: string,
  name: string,
  fields: readonly FormField[],
  run: (values: Values) => CommandResult | Promise<CommandResult>,
): Command {
  const form = { type: "form" as const, title: name, fields: [hidden, ...fields] };
  return { node: `${NS_ADMIN}#${id}`, name, audience: "admins", ...(fields.length === 0 ? {} : { form }), run };
}

/** Bare JIDs of this host that a field names. @throws StanzaError */
function accounts(host: ModuleHost, values: Values, field: string): Jid[] {
  return (values.get(field) ?? []).map((text) => {
    const jid = Jid.tryParse(text.trim());
    if (jid === undefined || jid.domain !== host.domain || jid.local === "")
      throw new StanzaError("not-acceptable", `${text} is no account of ${host.domain}`);
    return jid;
  });
}

function accountCommands(host: ModuleHost): Command[] {
  const password: FormField = { name: "password", type: "text-private", label: "The password", required: true };
  const verify: FormField = { name: "password-verify", type: "text-private", label: "The password again" };
  return [
    command("add-user", "Add an account", [accountJid, password, verify], async (values) => {
      const [account] = accounts(host, values, "accountjid");
      const text = values.get("password")?.[0] ?? "";
      const again = values.get("password-verify")?.[0];
      if (account === undefined) throw new StanzaError("bad-request");
      if (again !== undefined && again !== text) throw new StanzaError("bad-request", "the passwords differ");
      if (!(await host.accountChanges.create({ local: account.local, password: text })))
        throw new StanzaError("conflict");
      return { note: "The account was made." };
    }),
    command("delete-user", "Delete accounts", [accountJids], async (values) => {
      for (const account of accounts(host, values, "accountjids")) await host.accountChanges.remove(account.local);
      return { note: "The accounts were deleted." };
    }),
    command("change-user-password", "Change a password", [accountJid, password], async (values) => {
      const [account] = accounts(host, values, "accountjid");
      const text = values.get("password")?.[0] ?? "";
      if (account === undefined || !(await host.accountChanges.changePassword(account.local, text)))
        throw new StanzaError("item-not-found");
      return { note: "The password was changed." };
    }),
    ...[true, false].map((disabled) =>
      command(
        disabled ? "disable-user" : "reenable-user",
        disabled ? "Disable accounts" : "Enable accounts",
        [accountJids],
        async (values) => {
          const named = accounts(host, values, "accountjids");
          const found = await Promise.all(
            named.map((account) => host.accountChanges.setDisabled(account.local, disabled)),
          );
          const unknown = named.filter((_, i) => found[i] === false).map(({ bare }) => bare);
          if (unknown.length > 0) throw new StanzaError("item-not-found", `there is no ${unknown.join(", ")}`);
          return { note: disabled ? "The accounts were disabled." : "The accounts were enabled." };
        },
      ),
    ),
  ];
}

function sessionCommands(host: ModuleHost): Command[] {
  const seconds: FormField = { name: "seconds", type: "text-single", label: "Seconds; 0 ends it", values: ["300"] };
  const text: FormField = { name: "announcement", type: "text-multi", label: "What to say", required: true };
  return [
    command("end-user-session", "End sessions", [accountJids], (values) => {
      for (const jid of accounts(host, values, "accountjids")) host.accountChanges.kick(jid.local, jid.resource);
      return { note: "The sessions were ended." };
    }),
    command("announce", "Announce to everyone online", [text], (values) => {
      const body = escapeText((values.get("announcement") ?? []).join("\n"));
      const tail = `><body>${body}</body></message>`;
      const heads = [{ name: "body", xmlns: "jabber:client" }];
      const whole = new Stanza(
        "message",
        host.jid,
        undefined,
        new Content(undefined, "headline", undefined, "", tail, heads),
      );
      for (const session of host.sessions.all())
        if (session.presence !== undefined) session.deliver(whole.withAddresses(host.jid, session.jid));
      return { note: "It was sent." };
    }),
    command("trace", "Log an account's stanzas for a while", [accountJid, seconds], (values) => {
      const [account] = accounts(host, values, "accountjid");
      const time = Number(values.get("seconds")?.[0] ?? "300");
      if (account === undefined || !Number.isInteger(time) || time < 0 || time > 86_400)
        throw new StanzaError("not-acceptable", "seconds are a number from 0 to 86400");
      if (!host.trace.set(account.bare, time)) throw new StanzaError("resource-constraint", "too many are traced");
      host.log.warn({ account: account.bare, seconds: time }, "trace switched by an administrator");
      return { note: time === 0 ? "The trace has ended." : `Traced for ${time} s.` };
    }),
  ];
}

function listCommands(host: ModuleHost, limit: number): Command[] {
  const result = (
    name: string,
    type: NonNullable<FormField["type"]>,
    label: string,
    values: readonly string[],
  ): CommandResult => ({
    form: { type: "result", fields: [hidden, { name, type, label, values }] },
  });
  const online = () => [...new Set([...host.sessions.all()].map((session) => session.account.full))];
  return [
    command("get-registered-users-num", "Number of accounts", [], async () =>
      result("registeredusersnum", "text-single", "Accounts", [String(await host.accounts.count(host.domain))]),
    ),
    command("get-online-users-num", "Number of accounts online", [], () =>
      result("onlineusersnum", "text-single", "Accounts online", [String(online().length)]),
    ),
    command("get-registered-users-list", "List of accounts", [], async () => {
      const locals = await host.accounts.list(host.domain, "", limit);
      return result(
        "registereduserjids",
        "jid-multi",
        "Accounts",
        locals.map((local) => `${local}@${host.domain}`),
      );
    }),
    command("get-online-users-list", "List of accounts online", [], () =>
      result("onlineuserjids", "jid-multi", "Accounts online", online().slice(0, limit)),
    ),
  ];
}
