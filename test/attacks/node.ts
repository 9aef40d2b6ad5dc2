// A node to attack: one domain, PLAIN without TLS, time held, its log at hand.
import { expect } from "@jest/globals";
import type { RunningNode } from "../../app/node.ts";
import type { MeridianServer } from "../../server/node.ts";
import { TALK_START } from "../harness/certificates.ts";
import { ManualClock } from "../harness/manual-clock.ts";
import { ServerUnderTest } from "../harness/scene-server.ts";
import { openStreams } from "../harness/shared-server.ts";

export const DOMAIN = "verona.test";

/** A node that runs. */
export interface Target {
  readonly server: MeridianServer;
  readonly listeners: RunningNode["listeners"];
  readonly ports: ReturnType<ServerUnderTest["ports"]>;
  readonly clock: ManualClock;
  readonly log: readonly string[];
  account(local: string): Promise<void>;
  /** Client connections that are not over. */
  connections(): Promise<number>;
  /** Waits until `reached` (real time, since sockets take it). @throws Error with `what` where it does not come */
  settle(what: string, reached: () => boolean | Promise<boolean>): Promise<void>;
  /** Fails where anything was logged as an error. */
  noErrors(): void;
  stop(): Promise<void>;
}

/** Starts one. `options` are paths of its configuration, as in a talk's server line; without `nameServer` it knows nobody. */
export async function startTarget(
  options: Readonly<Record<string, string>> = {},
  nameServer = "127.0.0.1:1",
): Promise<Target> {
  const clock = new ManualClock(TALK_START);
  const all = {
    "authentication.requireTls": "false",
    "authentication.plainWithoutTls": "true",
    "limits.connectionsPerAddress": "100000",
    ...options,
  };
  const tested = new ServerUnderTest({ domain: DOMAIN, options: new Map(Object.entries(all)) });
  await tested.start(clock, nameServer);
  const { server, listeners } = tested.nodes[0]!;
  return {
    server,
    listeners,
    ports: tested.ports(),
    clock,
    log: tested.log,
    account: async (local) => void (await tested.createAccount(DOMAIN, local, undefined)),
    connections: () => openStreams(server),
    settle,
    noErrors: () => expect(tested.log.filter((line) => /"level":(50|60)/.test(line))).toEqual([]),
    stop: () => tested.stop(),
  };
}

async function settle(what: string, reached: () => boolean | Promise<boolean>): Promise<void> {
  const started = performance.now();
  while (!(await reached())) {
    if (performance.now() - started > 10_000) throw new Error(`not within 10 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
