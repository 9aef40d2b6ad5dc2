// One node: where server and federation meet.
import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import type { Federation } from "../federation/index.ts";
import {
  type Clock,
  createLog,
  type Listening,
  MeridianServer,
  type NodeConfig,
  readSecret,
  systemClock,
} from "../server/index.ts";

/** What a node may be given instead of the machine's own. */
export interface NodeOptions {
  readonly clock?: Clock;
  readonly log?: Logger;
}

/** A node that runs. */
export interface RunningNode {
  readonly listeners: readonly Listening[];
  readonly server: MeridianServer;
  readonly federation: Federation | undefined;
  /** Orderly end: no new streams, queues flushed within the configured bound, streams closed, storage closed. */
  drain(): Promise<void>;
  /** Ends at once. */
  stop(): Promise<void>;
}

/** Starts a node from its checked configuration. @throws ConfigError, StoreUnavailable, Error of the system */
export async function startNode(config: NodeConfig, options: NodeOptions = {}): Promise<RunningNode> {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? createLog(config.log.level, config);
  const server = await MeridianServer.create(config, { log, clock });
  try {
    const federation = config.federation.enabled ? await federate(config, server) : undefined;
    if (federation !== undefined) server.connect(federation);
    const listeners = [...((await federation?.listen()) ?? []), ...(await server.listen())];
    return {
      listeners,
      server,
      federation,
      async drain() {
        await server.drain();
        await federation?.drain(config.drainSeconds * 1000);
        await server.close();
      },
      async stop() {
        await federation?.drain(0);
        await server.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Federation is only loaded where it is used. */
async function federate(config: NodeConfig, server: MeridianServer): Promise<Federation> {
  const { Federation } = await import("../federation/index.ts");
  return new Federation(config, {
    inbound: server.router,
    secrets: [dialbackSecret(config)],
    clock: server.clock,
    log: server.log,
    metrics: server.metrics,
    certificates: server.tls,
  });
}

function dialbackSecret(config: NodeConfig): string {
  const { dialbackSecret: secret } = config.federation;
  return secret === undefined ? randomBytes(32).toString("hex") : readSecret(secret, "federation.dialbackSecret");
}
