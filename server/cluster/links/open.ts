// A node's connections to the others, as its configuration has them, joined to its bus.
import type { Logger } from "pino";
import type { ClusterConfig } from "../../../contract/contract.ts";
import type { Clock } from "../../../xmpp/clock.ts";
import type { WireBus } from "../bus/node-bus.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { listeningOf } from "./address.ts";
import { Links } from "./links.ts";
import { LinkRecords } from "./records.ts";

/** What a node's connections to the others stand on. */
export interface LinksParts {
  readonly redis: RedisConnection;
  readonly bus: WireBus;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of members whose connection broke. */
  readonly broken: (member: string) => void;
}

/** Makes them; nothing listens yet. */
export function openLinks(
  { prefix, redis: { urls }, links, heartbeatSeconds }: ClusterConfig,
  { redis, bus, clock, log, broken }: LinksParts,
): Links {
  const made = new Links(
    {
      self: () => bus.member,
      records: new LinkRecords(redis, prefix),
      listen: listeningOf(links, redis),
      // What is encrypted on its way through Redis is not in the clear on another one.
      tls: urls[0]?.startsWith("rediss:") === true,
      heartbeat: heartbeatSeconds * 1000,
      clock,
      log,
    },
    {
      up: () => bus.linked(),
      text: (member, text) => bus.hearDirect(member, text),
      down: (member) => {
        bus.unlinked(member);
        broken(member);
      },
    },
  );
  bus.direct = made;
  return made;
}
