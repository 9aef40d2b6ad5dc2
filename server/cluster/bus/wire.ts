// Channels between nodes by Redis's publish and subscribe; sharded ones where it is a cluster.
import { Cluster } from "ioredis";
import type { Logger } from "pino";
import type { Clock } from "../../../xmpp/clock.ts";
import type { RedisConnection } from "../redis/connection.ts";

/** Carries text to whoever listens on a channel: at most once, in order of one sender. */
export interface Wire {
  /** `taken` gets what comes on joined channels; `ready` is called when messages may have been missed before. */
  open(taken: (text: string) => void, ready: () => void): void;
  join(channel: string): Promise<void>;
  leave(channel: string): Promise<void>;
  publish(channel: string, text: string): void;
  /** How many listen to a channel, as the other side of the wire sees it. @throws where it does not answer */
  listeners(channel: string): Promise<number>;
}

/** What a bus over a wire goes by. */
export interface BusOptions {
  /** Of the names of its channels. */
  readonly prefix: string;
  /** This node's name as a member. */
  readonly member: string;
  readonly log: Logger;
  /** Default: the machine's own. */
  readonly clock?: Clock;
}

/** Ways to members past the wire. */
export interface DirectWay {
  /** Carries a message to a member, behind all it carried before; false where there is no such way at the moment. */
  send(member: string, text: string): boolean;
}

/** The wire over two connections to Redis: a subscribed one can do nothing else. */
export class RedisWire implements Wire {
  private readonly commands: RedisConnection;
  private readonly subscriber: RedisConnection;
  private readonly sharded: boolean;
  private readonly log: Logger;
  /** Joined ones, of a server that is no cluster. */
  private readonly channels = new Set<string>();
  private failing = false;

  constructor(commands: RedisConnection, subscriber: RedisConnection, log: Logger) {
    this.commands = commands;
    this.subscriber = subscriber;
    this.sharded = commands instanceof Cluster;
    this.log = log;
  }

  open(taken: (text: string) => void, ready: () => void): void {
    const heard = (_channel: string, text: string) => taken(text);
    if (this.sharded) this.subscriber.on("smessage", heard).on("ready", ready);
    else this.subscriber.on("message", heard).on("ready", () => void this.joinAgain(ready));
    this.commands.on("ready", ready);
  }

  async join(channel: string): Promise<void> {
    if (this.sharded) return void (await this.subscriber.ssubscribe(channel));
    this.channels.add(channel);
    await this.subscriber.subscribe(channel);
  }

  async leave(channel: string): Promise<void> {
    if (this.sharded) return void (await this.subscriber.sunsubscribe(channel));
    this.channels.delete(channel);
    await this.subscriber.unsubscribe(channel);
  }

  /**
   * A new connection listens to nothing. ioredis subscribes to what the last one had subscribed to, which is nothing
   * where that ended before it was answered (a failover ends two in a row): the node would be deaf from then on.
   */
  private async joinAgain(ready: () => void): Promise<void> {
    const { subscriber } = this;
    try {
      if (this.channels.size > 0) await subscriber.subscribe(...this.channels);
      ready();
    } catch (error) {
      this.log.warn({ reason: (error as Error).message }, "bus: cannot subscribe");
      // A connection that stays and does not answer this is none.
      if (subscriber.status === "ready") subscriber.disconnect(true);
    }
  }

  async listeners(channel: string): Promise<number> {
    return Number(await this.sent(channel, ""));
  }

  private sent(channel: string, text: string): Promise<unknown> {
    const { commands } = this;
    return commands instanceof Cluster ? commands.spublish(channel, text) : commands.publish(channel, text);
  }

  publish(channel: string, text: string): void {
    this.sent(channel, text).then(
      () => {
        this.failing = false;
      },
      (error: Error) => {
        // The bus sends again what was not confirmed; one line for each time Redis is away is enough.
        if (!this.failing) this.log.warn({ reason: error.message }, "bus: cannot publish");
        this.failing = true;
      },
    );
  }
}
