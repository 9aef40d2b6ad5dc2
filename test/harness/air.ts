// Node buses over a wire in memory, which loses what a test says.
import { pino } from "pino";
import { WireBus } from "../../server/cluster/bus/node-bus.ts";
import type { Wire } from "../../server/cluster/bus/wire.ts";

const log = pino({ level: "silent" });

/** Channels in memory; a rule says which messages are lost. */
export class Air {
  private readonly listeners = new Map<string, ((text: string) => void)[]>();
  readonly ready: (() => void)[] = [];
  loses: () => boolean = () => false;
  /** Channels of all that was published. */
  readonly published: string[] = [];

  wire(): Wire {
    let taken: (text: string) => void = () => {};
    return {
      open: (listener, ready) => {
        taken = listener;
        this.ready.push(ready);
      },
      join: async (channel) => {
        this.listeners.set(channel, [...(this.listeners.get(channel) ?? []), taken]);
      },
      leave: async (channel) => {
        this.listeners.set(
          channel,
          (this.listeners.get(channel) ?? []).filter((listener) => listener !== taken),
        );
      },
      publish: (channel, text) => {
        this.published.push(channel);
        if (this.loses()) return;
        for (const listener of this.listeners.get(channel) ?? []) setImmediate(() => listener(text));
      },
      listeners: async (channel) => this.listeners.get(channel)?.length ?? 0,
    };
  }
}

/** Two buses that know each other. */
export async function pair(air = new Air()) {
  const a = new WireBus(air.wire(), { prefix: "t", member: "a~1", log });
  const b = new WireBus(air.wire(), { prefix: "t", member: "b~1", log });
  await a.open();
  await b.open();
  a.joined("b~1");
  b.joined("a~1");
  return { air, a, b };
}

/** Lets what was sent arrive. */
export const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
};
