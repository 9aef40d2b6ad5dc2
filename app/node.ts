// One node: where server and federation meet.
import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import type { NodeConfig } from "../contract/contract.ts";
import { readSecret } from "../contract/secret.ts";
import type { Federation } from "../federation/index.ts";
import {
  createLog,
  type Listening,
  MeridianServer,
  newRequestId,
  PinnedRouter,
  sendDepartures,
} from "../server/index.ts";
import { type Clock, systemClock } from "../xmpp/clock.ts";

/** What a node may be given instead of the machine's own. */
export interface NodeOptions {
  readonly clock?: Clock;
  readonly log?: Logger;
  /** True for a node that waits at its start for what is away. */
  readonly patient?: boolean;
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
  const server = await MeridianServer.create(config, { log, clock, patient: options.patient ?? false });
  let federation: Federation | undefined;
  try {
    federation = config.federation.enabled ? await federate(config, server) : undefined;
    // In a cluster a domain pair is one node's, so that order holds over all of them.
    const pinned = federation && config.cluster && new PinnedRouter(server.ports.bus, federation, server.router);
    if (federation !== undefined) server.connect(pinned ?? federation);
    if (pinned !== undefined) federation?.linkWhere((local, remote) => pinned.isHere(local, remote));
    const listeners = [...((await federation?.listen()) ?? []), ...(await server.listen())];
    if (federation !== undefined) sendDepartures(server);
    return {
      listeners,
      server,
      federation,
      async drain() {
        pinned?.leave();
        await server.drain();
        pinned?.close();
        await federation?.drain(config.drainSeconds * 1000);
        await server.close();
      },
      async stop() {
        pinned?.close();
        await federation?.drain(0);
        await server.close();
      },
    };
  } catch (error) {
    // What listens already would keep the process up, half a node that nobody restarts.
    await federation?.drain(0);
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
    newId: () => newRequestId(server.ports.bus),
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
