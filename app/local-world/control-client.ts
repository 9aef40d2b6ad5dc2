// Speaks to the control socket of a local world that runs: what a rollout changes it by, and how its clients log in.
import { existsSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import type { Region } from "../../regions/world.ts";
import type { LogIn } from "../../xmpp/client/client.ts";
import { socketFault } from "../admin/socket-path.ts";
import { UsageError } from "../cli/command.ts";
import { controlSocket } from "./control.ts";

/** How a region is. */
export interface ControlledState {
  /** The world file's value that it runs with. */
  readonly file: unknown;
  readonly sessions: number;
  readonly alarms: readonly string[];
}

/** A world in another process. */
export interface WorldControl {
  /** Undefined for a region that does not run. */
  state(region: string): Promise<ControlledState | undefined>;
  /** Resolves when its nodes run with the file's settings. @throws Error that says why they do not */
  replace(region: Pick<Region, "name">, file: unknown): Promise<void>;
  drain(region: string, drained: boolean): Promise<void>;
  logIn(region: string, resource: string): Promise<LogIn>;
}

/** The control of the world in a data folder. Each call throws UsageError when no world runs there. */
export function worldControl(data: string): WorldControl {
  const path = (region: string, what = "") => `/regions/${encodeURIComponent(region)}/${what}`;
  const ask = async (method: string, resource: string, body?: string) => {
    const answer = await send(data, method, resource, body);
    if (answer.status === 200) return answer.value;
    throw new Error(String(answer.value.error));
  };
  return {
    async state(region) {
      const { status, value } = await send(data, "GET", path(region));
      if (status === 404) return undefined;
      if (status !== 200) throw new Error(String(value.error));
      return value as unknown as ControlledState;
    },
    async replace(region, file) {
      await ask("POST", path(region.name), JSON.stringify(file));
    },
    async drain(region, drained) {
      await ask("POST", path(region, drained ? "drain" : "drain?end"));
    },
    async logIn(region, resource) {
      return (await ask("GET", path(region, `log-in?resource=${encodeURIComponent(resource)}`))) as unknown as LogIn;
    },
  };
}

interface Answer {
  readonly status: number;
  readonly value: Readonly<Record<string, unknown>>;
}

async function send(data: string, method: string, path: string, body?: string): Promise<Answer> {
  const socketPath = controlSocket(data);
  const fault = socketFault(socketPath);
  const none = new UsageError(`no world runs in ${data}: \`npm start\` starts one`);
  if (fault !== undefined)
    throw existsSync(socketPath) ? new UsageError(`${fault}: the socket ${socketPath} is not spoken to`) : none;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request({ socketPath, method, path }, resolve);
    outgoing.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "ENOENT" || error.code === "ECONNREFUSED" ? none : error);
    });
    outgoing.end(body);
  });
  let text = "";
  answer.setEncoding("utf8");
  for await (const part of answer) text += part;
  return { status: answer.statusCode ?? 0, value: JSON.parse(text) as Record<string, unknown> };
}
