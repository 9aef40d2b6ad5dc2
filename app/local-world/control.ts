// The control socket of a local world: by it another process (`meridian rollout`) takes regions to other settings.

import type { IncomingMessage, ServerResponse } from "node:http";
import { join, resolve } from "node:path";
import { counted } from "../../regions/counted.ts";
import { parseWorld, type Region, regionOf, type World, worldFileOf } from "../../regions/world.ts";
import type { LogIn } from "../../xmpp/client/client.ts";
import { send, serveOnSocket } from "../admin/socket.ts";
import { shortEnough } from "../admin/socket-path.ts";
import type { LocalAccount } from "./demo-accounts.ts";

/** A region, as far as control goes. */
export interface ControlledRegion {
  readonly region: Region;
  readonly status: { readonly sessions: number; readonly restarts: number };
  /** Its nodes drained and started anew with these settings. @throws Error */
  replace(region: Region): Promise<void>;
  logIn(account: LocalAccount, over: "tcp", resource: string): LogIn;
}

/** A world, as far as control goes. */
export interface ControlledWorld {
  readonly world: World;
  region(name: string): ControlledRegion | undefined;
  drain(name: string, drained: boolean): void;
}

/** Characters of a world file at most. */
const FILE_MOST = 1_000_000;

/** The socket of the world in a data folder. */
export function controlSocket(data: string): string {
  return shortEnough(join(resolve(data), "control.sock"));
}

/** Opens the socket. `accounts` are those whose log-ins are told. A world that cannot have it runs without, and says so. */
export async function openControl(
  data: string,
  world: ControlledWorld,
  accounts: readonly LocalAccount[],
): Promise<{ close(): Promise<void> }> {
  const control = new Control(world, accounts);
  try {
    return await serveOnSocket(controlSocket(data), (request, response) => control.answer(request, response));
  } catch (error) {
    process.stderr.write(`No \`rollout --target local\`: ${(error as Error).message}\n`);
    return { close: async () => undefined };
  }
}

class Control {
  readonly #world: ControlledWorld;
  readonly #accounts: readonly LocalAccount[];
  /** The world file's value that each region runs with. */
  readonly #files: Map<string, unknown>;
  /** The change of each region that was asked for last. */
  readonly #changes = new Map<string, Promise<void>>();

  constructor(world: ControlledWorld, accounts: readonly LocalAccount[]) {
    this.#world = world;
    this.#accounts = accounts;
    const file = worldFileOf(world.world);
    this.#files = new Map(world.world.regions.map(({ name }) => [name, file]));
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://world");
    const [, , name = "", what = ""] = url.pathname.split("/");
    const region = this.#world.region(name);
    const route = `${request.method} ${what}`;
    if (region === undefined) return send(response, 404, { error: this.#unknown(name) });
    if (route === "GET ") return send(response, 200, this.#stateOf(name, region));
    if (route === "GET log-in") return this.#logIn(region, url.searchParams.get("resource") ?? "", response);
    if (route === "POST drain") {
      this.#world.drain(name, url.searchParams.get("end") === null);
      return send(response, 200, {});
    }
    if (route === "POST ") return this.#replace(region, await bodyOf(request), response);
    return send(response, 404, { error: `no ${route}` });
  }

  #unknown(name: string): string {
    const there = this.#world.world.regions.map((region) => region.name).join(", ");
    return `no region ${name} in the world that runs: it has ${there}, and \`npm start\` begins regions`;
  }

  #stateOf(name: string, { status }: ControlledRegion): object {
    const alarms = status.restarts === 0 ? [] : [`${name}: started again ${counted(status.restarts, "time")}`];
    return { file: this.#files.get(name), sessions: status.sessions, alarms };
  }

  #logIn(region: ControlledRegion, resource: string, response: ServerResponse): void {
    const account = this.#accounts.find((each) => each.region === region.region.name);
    if (account === undefined) return send(response, 409, { error: `${region.region.name} has no demo account` });
    return send(response, 200, region.logIn(account, "tcp", resource));
  }

  async #replace(region: ControlledRegion, body: string, response: ServerResponse): Promise<void> {
    const before = region.region;
    const file: unknown = JSON.parse(body);
    const after = regionOf(parseWorld(file), before.name);
    if (after.domain !== before.domain)
      return send(response, 409, { error: `${before.name} serves ${before.domain}: its domain stays while it runs` });
    // Whoever asked before may have been killed meanwhile: its change comes to its end first.
    const change = (this.#changes.get(before.name) ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => region.replace(after));
    this.#changes.set(before.name, change);
    await change;
    this.#files.set(before.name, file);
    send(response, 200, {});
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  request.setEncoding("utf8");
  for await (const part of request) {
    text += part;
    if (text.length > FILE_MOST) throw new Error(`a world file has at most ${FILE_MOST} characters`);
  }
  return text;
}
