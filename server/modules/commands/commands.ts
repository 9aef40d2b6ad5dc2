// Ad-hoc commands: a list of what may be done here, and one form each. XEP-0050.
import { randomBytes } from "node:crypto";
import { Element } from "ltx";
import { NoSettings } from "../../../contract/modules/index.ts";
import type { Jid } from "../../../xmpp/jid/jid.ts";
import { type Form, formElement, NS_DATA_FORMS, submittedValues } from "../../../xmpp/stanza/data-form.ts";
import { StanzaError } from "../../../xmpp/stanza/error.ts";
import { ApiKey, defineModule, type IqRequest, type ModuleHost } from "../../module/define.ts";
import type { NodeInfo } from "../../module/disco-registry.ts";

const NS_COMMANDS = "http://jabber.org/protocol/commands";
/** Open executions of one host, and ms each is kept. */
const OPEN_LIMIT = 1000;
/** The same of one account: more than its devices can show at once. */
const OPEN_SHARE = 50;
const OPEN_TIME = 600_000;

/** What a command answers when it is done: a result form, a note, or both. */
export interface CommandResult {
  readonly form?: Form;
  readonly note?: string;
}

/** A command of a host: at most one form, then its result. */
export interface Command {
  readonly node: string;
  readonly name: string;
  /** Who may run it. */
  readonly audience: "admins" | "accounts";
  /** The form to fill in; none for a command that needs nothing. */
  readonly form?: Form;
  run(values: ReadonlyMap<string, readonly string[]>, from: Jid): CommandResult | Promise<CommandResult>;
}

/** Commands of a host, for other modules to add to. */
export class CommandRegistry {
  readonly commands = new Map<string, Command>();

  /** Adds a command; the answer takes it out again. @throws Error for a node taken already */
  add(command: Command): () => void {
    if (this.commands.has(command.node)) throw new Error(`command ${command.node} exists already`);
    this.commands.set(command.node, command);
    return () => void this.commands.delete(command.node);
  }
}

/** What the commands module offers to others. */
export const commandsApi = new ApiKey<CommandRegistry>("commands");

interface Execution {
  readonly command: Command;
  readonly owner: string;
  readonly account: string;
  readonly until: number;
}

/** The ad-hoc commands module. */
export const commands = defineModule({
  name: "commands",
  implements: ["XEP-0050 1.3.0", "XEP-0004 2.13.1"],
  needs: ["disco"],
  config: NoSettings,
  activate(host) {
    const registry = new CommandRegistry();
    const executions = new Map<string, Execution>();
    host.provide(commandsApi, registry);
    const listed = (from: Jid) =>
      [...registry.commands.values()]
        .filter((command) => allowed(host, command, from))
        .map(({ node, name }) => ({ jid: host.domain, node, name }));
    host.disclose("host", {
      features: [NS_COMMANDS],
      nodeItems: { [NS_COMMANDS]: listed },
      nodeInfo: (node, from) => describe(host, registry, node, from),
    });
    host.iq({ target: "host", type: "set", xmlns: NS_COMMANDS, name: "command" }, (request) =>
      execute(host, registry, executions, request),
    );
  },
});

/**
 * What the list of commands, and each command, say of themselves to who may run it. XEP-0050 §2.2, §2.3.
 * @throws StanzaError
 */
function describe(host: ModuleHost, registry: CommandRegistry, node: string, from: Jid): NodeInfo | undefined {
  if (node === NS_COMMANDS)
    return { identities: [{ category: "automation", type: "command-list" }], features: [NS_COMMANDS] };
  const command = registry.commands.get(node);
  if (command === undefined) return undefined;
  if (!allowed(host, command, from)) throw new StanzaError("forbidden");
  return {
    identities: [{ category: "automation", type: "command-node", name: command.name }],
    features: [NS_COMMANDS, NS_DATA_FORMS],
  };
}

function allowed(host: ModuleHost, command: Command, from: Jid): boolean {
  if (command.audience === "admins") return host.admins.includes(from.bare);
  return from.domain === host.domain && from.local !== "";
}

async function execute(
  host: ModuleHost,
  registry: CommandRegistry,
  executions: Map<string, Execution>,
  request: IqRequest,
): Promise<Element> {
  const { node, sessionid, action } = request.payload.attrs;
  const command = registry.commands.get(node ?? "");
  if (command === undefined) throw new StanzaError("item-not-found");
  if (!allowed(host, command, request.from)) throw new StanzaError("forbidden");
  if (sessionid === undefined) return begin(host, executions, command, request);
  const execution = executions.get(sessionid);
  if (execution === undefined || execution.owner !== request.from.full || execution.command !== command)
    throw new StanzaError("bad-request", undefined, `<bad-sessionid xmlns='${NS_COMMANDS}'/>`);
  executions.delete(sessionid);
  if (execution.until < host.clock.now())
    throw new StanzaError("not-allowed", undefined, `<session-expired xmlns='${NS_COMMANDS}'/>`);
  if (action === "cancel") return answer(command, sessionid, "canceled");
  if (action !== undefined && !["execute", "complete", "next"].includes(action))
    throw new StanzaError("bad-request", undefined, `<bad-action xmlns='${NS_COMMANDS}'/>`);
  return complete(command, sessionid, request);
}

/** First stage: the form, or at once the result of a command without one. */
function begin(
  host: ModuleHost,
  executions: Map<string, Execution>,
  command: Command,
  request: IqRequest,
): Element | Promise<Element> {
  const sessionid = randomBytes(12).toString("base64url");
  if (command.form === undefined) return complete(command, sessionid, request);
  const now = host.clock.now();
  for (const [id, { until }] of executions) if (until < now) executions.delete(id);
  const account = request.from.bare;
  let own = 0;
  for (const execution of executions.values()) if (execution.account === account) own++;
  if (executions.size >= OPEN_LIMIT || own >= OPEN_SHARE) throw new StanzaError("resource-constraint");
  executions.set(sessionid, { command, owner: request.from.full, account, until: now + OPEN_TIME });
  const element = answer(command, sessionid, "executing");
  element.c("actions", { execute: "complete" }).c("complete");
  element.cnode(formElement(command.form));
  return element;
}

async function complete(command: Command, sessionid: string, request: IqRequest): Promise<Element> {
  const x = request.payload.getChild("x", NS_DATA_FORMS);
  const values = x === undefined ? new Map<string, readonly string[]>() : submittedValues(x);
  for (const { name, required } of command.form?.fields ?? [])
    if (required === true && (values.get(name)?.[0] ?? "") === "")
      throw new StanzaError("bad-request", `${name} is missing`, `<bad-payload xmlns='${NS_COMMANDS}'/>`);
  const result = await command.run(values, request.from);
  const element = answer(command, sessionid, "completed");
  if (result.note !== undefined) element.c("note", { type: "info" }).t(result.note);
  if (result.form !== undefined) element.cnode(formElement(result.form));
  return element;
}

function answer(command: Command, sessionid: string, status: "executing" | "completed" | "canceled"): Element {
  return new Element("command", { xmlns: NS_COMMANDS, node: command.node, sessionid, status });
}
