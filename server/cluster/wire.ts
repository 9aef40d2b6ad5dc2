// Channels between nodes by Redis's publish and subscribe; sharded ones where it is a cluster.
import { Cluster } from "ioredis";
import type { Logger } from "pino";
import type { RedisConnection } from "./redis.ts";

/** Carries text to whoever listens on a channel: at most once, in order of one sender. */
export interface Wire {
  /** `taken` gets what comes on joined channels; `ready` is called when messages may have been missed before. */
  open(taken: (text: string) => void, ready: () => void): void;
  join(channel: string): Promise<void>;
  leave(channel: string): Promise<void>;
  publish(channel: string, text: string): void;
}

/** The wire over two connections to Redis: a subscribed one can do nothing else. */
export class RedisWire implements Wire {
  private readonly commands: RedisConnection;
  private readonly subscriber: RedisConnection;
  private readonly sharded: boolean;
  private readonly log: Logger;
  private failing = false;

  constructor(commands: RedisConnection, subscriber: RedisConnection, log: Logger) {
    this.commands = commands;
    this.subscriber = subscriber;
    this.sharded = commands instanceof Cluster;
    this.log = log;
  }

  open(taken: (text: string) => void, ready: () => void): void {
    const heard = (_channel: string, text: string) => taken(text);
    if (this.sharded) this.subscriber.on("smessage", heard);
    else this.subscriber.on("message", heard);
    this.subscriber.on("ready", ready);
    this.commands.on("ready", ready);
  }

  async join(channel: string): Promise<void> {
    if (this.sharded) await this.subscriber.ssubscribe(channel);
    else await this.subscriber.subscribe(channel);
  }

  async leave(channel: string): Promise<void> {
    if (this.sharded) await this.subscriber.sunsubscribe(channel);
    else await this.subscriber.unsubscribe(channel);
  }

  publish(channel: string, text: string): void {
    const sent = this.sharded ? this.commands.spublish(channel, text) : this.commands.publish(channel, text);
    sent.then(
      () => {
        this.failing = false;
      },
      (error: Error) => {
        // The bus sends again what was not confirmed; one line for each time Redis is away is enough.
        if (!this.failing) this.log.warn({ err: error }, "bus: cannot publish");
        this.failing = true;
      },
    );
  }
}
