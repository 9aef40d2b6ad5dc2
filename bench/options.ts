// What the command line asks of a benchmark.
import { parseArgs } from "node:util";
import { SERVER_NAMES, type ServerName } from "./harness/server.ts";

/** Usage, for a wrong command line. */
export const USAGE = `usage: npm run bench -- [parse | chat | login | idle | start | s2s | storage | cluster | presence | safe] [options]

  --against NAME    prosody or ejabberd beside Meridian in the same run; may be repeated (cluster, presence: ejabberd)
  --servers A,B     exactly these servers, in this order
  --pairs N         chat: pairs of clients (100)
  --window N        chat: messages in flight for each pair; may be repeated (1 and 10)
  --logins N        login: logins of one round (2000)
  --mechanism NAME  login: PLAIN, SCRAM-SHA-1 or SCRAM-SHA-256; may be repeated (all)
  --contacts N      presence: contacts of the user (1000)
  --sessions N      idle: sessions (10000)
  --seconds N       chat: length of one round (5); idle: time to settle (10)
  --rounds N        rounds of each server; the median is told (5)
  --tls             chat: over TLS; login and idle: TLS too
  --node-flag FLAG  given to Meridian's Node, such as --node-flag=--cpu-prof; may be repeated
  --keep-prof DIR   Meridian's CPU profile goes to DIR
  --json            JSON rather than tables

Without a name, all of them run in a short form.`;

/** Options of every benchmark. */
export interface Options {
  readonly servers: readonly ServerName[];
  readonly pairs: number;
  readonly windows: readonly number[];
  readonly logins: number;
  /** SASL names; none: all. */
  readonly mechanisms: readonly string[];
  readonly contacts: number;
  readonly sessions: number;
  readonly seconds: number | undefined;
  readonly rounds: number;
  readonly tls: boolean;
  readonly nodeFlags: readonly string[];
  readonly json: boolean;
}

/** A command line that makes no sense. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Reads the command line. @throws UsageError */
export function readOptions(argv: readonly string[]): { names: string[]; options: Options } {
  const { values, positionals } = parse(argv);
  const against = values.against ?? [];
  const servers = values.servers?.split(",") ?? ["meridian", ...against];
  const profile = values["keep-prof"];
  const options: Options = {
    servers: servers.map(serverName),
    pairs: number("pairs", values.pairs) ?? 100,
    windows: (values.window ?? ["1", "10"]).map((window) => number("window", window) ?? 1),
    logins: number("logins", values.logins) ?? 2000,
    mechanisms: values.mechanism ?? [],
    contacts: number("contacts", values.contacts) ?? 1000,
    sessions: number("sessions", values.sessions) ?? 10_000,
    seconds: number("seconds", values.seconds),
    rounds: number("rounds", values.rounds) ?? 5,
    tls: values.tls ?? false,
    nodeFlags: [
      ...(values["node-flag"] ?? []),
      ...(profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`]),
    ],
    json: values.json ?? false,
  };
  return { names: positionals, options };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        against: { type: "string", multiple: true },
        servers: { type: "string" },
        pairs: { type: "string" },
        window: { type: "string", multiple: true },
        logins: { type: "string" },
        mechanism: { type: "string", multiple: true },
        contacts: { type: "string" },
        sessions: { type: "string" },
        seconds: { type: "string" },
        rounds: { type: "string" },
        tls: { type: "boolean" },
        "node-flag": { type: "string", multiple: true },
        "keep-prof": { type: "string" },
        json: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function serverName(text: string): ServerName {
  const name = SERVER_NAMES.find((one) => one === text);
  if (name === undefined) throw new UsageError(`no server is called ${text}; there are ${SERVER_NAMES.join(", ")}`);
  return name;
}

function number(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new UsageError(`--${option} must be more than 0`);
  return value;
}
