// The accounts of a running node over its admin socket: the routes of the node, and the same actions for a command.
import type { IncomingMessage, ServerResponse } from "node:http";
import { Mistake } from "../../contract/told.ts";
import type { ExportedRecord } from "../../server/index.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import { type AccountActions, PASSWORD_ACTIONS, PLAIN_ACTIONS } from "./accounts.ts";
import { ask, linesOf } from "./client.ts";
import { send, sendLines } from "./socket.ts";
import { toldOf } from "./told.ts";

const ROOT = "/accounts/";
/** Bytes of a request's body: a password is shorter. */
const MOST = 8192;

/** Answers a request about accounts; false for any other. */
export async function answerAccounts(
  actions: AccountActions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://node");
  if (!pathname.startsWith(ROOT)) return false;
  const name = pathname.slice(ROOT.length);
  try {
    if (`${request.method} ${name}` === "GET export") {
      await sendLines(response, actions.exported(Jid.parse(searchParams.get("jid") ?? "")));
      return true;
    }
    const value = await act(actions, `${request.method} ${name}`, searchParams, () => passwordOf(request));
    if (value === undefined) send(response, 404, { error: `no ${request.method} ${pathname}` });
    else send(response, 200, value);
  } catch (error) {
    const told = toldOf(error);
    if (told === undefined || response.headersSent) throw error;
    send(response, 422, told);
  }
  return true;
}

/** Undefined where there is no such route. */
async function act(
  actions: AccountActions,
  route: string,
  asked: URLSearchParams,
  password: () => Promise<string>,
): Promise<object | undefined> {
  if (route === "GET list")
    return { accounts: await actions.list(asked.get("domain") ?? "", asked.get("after") ?? "") };
  const jid = Jid.parse(asked.get("jid") ?? "");
  if (route === "POST kick") return { ended: await actions.kick(jid) };
  const plain = PLAIN_ACTIONS.find((name) => route === `POST ${name}`);
  if (plain !== undefined) await actions[plain](jid);
  const withPassword = PASSWORD_ACTIONS.find((name) => route === `POST ${name}`);
  if (withPassword !== undefined) await actions[withPassword](jid, await password());
  return plain === undefined && withPassword === undefined ? undefined : {};
}

/** A password is in no address, which logs may hold. */
async function passwordOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request.setEncoding("utf8")) {
    text += part;
    if (text.length > MOST) throw new Mistake("a password is shorter");
  }
  return text;
}

/** The actions of the node that listens at `socket`. */
export function actionsOfNode(socket: string): AccountActions {
  const post = (name: string) => async (jid: Jid, password?: string) =>
    ask(socket, "POST", `${ROOT}${name}?${new URLSearchParams({ jid: jid.full })}`, password);
  const plain = (name: string) => async (jid: Jid) => void (await post(name)(jid));
  const secret = (name: string) => async (jid: Jid, password: string) => void (await post(name)(jid, password));
  return {
    expect: plain("expect"),
    expectNone: plain("expectNone"),
    delete: plain("delete"),
    disable: plain("disable"),
    enable: plain("enable"),
    add: secret("add"),
    password: secret("password"),
    kick: async (jid) => ((await post("kick")(jid)) as { ended: number }).ended,
    async list(domain, after) {
      const query = new URLSearchParams({ domain, after });
      return ((await ask(socket, "GET", `${ROOT}list?${query}`)) as { accounts: string[] }).accounts;
    },
    exported: (jid) =>
      linesOf(
        socket,
        "GET",
        `${ROOT}export?${new URLSearchParams({ jid: jid.bare })}`,
      ) as AsyncIterable<ExportedRecord>,
  };
}
