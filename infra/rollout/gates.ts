// What must be true of a region before the rollout goes on: people can talk, they have come back, no alarm is raised.
import type { World } from "../../regions/world.ts";
import type { RegionHealth } from "./driver.ts";

/** A synthetic client; each call throws when what it tries does not work. */
export interface Probe {
  /** Logs in and sends itself a message. */
  self(region: string): Promise<void>;
  /** A message from a user of one region to a user of another, and one back. */
  exchange(from: string, to: string): Promise<void>;
  /** Breaks a stream and resumes it (XEP-0198 §5). */
  resume(region: string): Promise<void>;
  /** An XMPP ping between the domains of two regions (XEP-0199 §4.4). */
  ping(from: string, to: string): Promise<void>;
}

/** What gates look at. */
export interface GateContext {
  readonly world: World;
  readonly region: string;
  /** Regions that exist, without this one. */
  readonly others: readonly string[];
  /** Before the change. */
  readonly before: RegionHealth | undefined;
  /** After the change, when watching began. */
  readonly began: RegionHealth | undefined;
  readonly now: RegionHealth;
  readonly probe: Probe | undefined;
}

/** One gate. */
export interface Gate {
  readonly name: string;
  /** Why it is shut; undefined when it is open. */
  check(context: GateContext): Promise<string | undefined>;
}

/** Gates right after a change, in the order in which they are tried. */
export const gatesAfterChange: readonly Gate[] = [
  { name: "alarms are quiet", check: alarms },
  { name: "a client talks to itself", check: ({ probe, region }) => tried(probe?.self(region)) },
  { name: "a client resumes its stream", check: ({ probe, region }) => tried(probe?.resume(region)) },
  {
    name: "messages to every region and back",
    check: ({ probe, region, others }) => each(others, (other) => probe?.exchange(region, other)),
  },
  {
    name: "S2S ping to every region",
    check: ({ probe, region, others }) => each(others, (other) => probe?.ping(region, other)),
  },
  { name: "sessions are back", check: sessions },
];

/** Gates while a region is watched; a region that breaks one is rolled back at once. */
export const gatesWhileBaking: readonly Gate[] = [{ name: "alarms are quiet", check: alarms }];

/** Gates at the end of the watching. */
export const gatesAfterBaking: readonly Gate[] = [
  ...gatesAfterChange,
  { name: "enough traffic was carried", check: traffic },
];

/** The first gate that is shut, with its reason. */
export async function firstShut(gates: readonly Gate[], context: GateContext): Promise<string | undefined> {
  for (const gate of gates) {
    const reason = await gate.check(context);
    if (reason !== undefined) return `${gate.name}: ${reason}`;
  }
  return undefined;
}

async function alarms({ now, before }: GateContext): Promise<string | undefined> {
  // What rang before the change is not its fault, and must not hold back what may mend it.
  const fresh = now.alarms.filter((alarm) => !before?.alarms.includes(alarm));
  return fresh.length > 0 ? `raised: ${fresh.join(", ")}` : undefined;
}

/** Sessions of the synthetic client in one region that may have been counted as people's. */
const probeSessions = 2;

async function sessions({ world, now, before, probe }: GateContext): Promise<string | undefined> {
  if (before === undefined) return undefined;
  const people = Math.max(0, before.sessions - (probe ? probeSessions : 0));
  const needed = Math.ceil(people * world.rollout.sessionShare);
  return now.sessions < needed ? `${now.sessions} of ${before.sessions}, ${needed} needed` : undefined;
}

async function traffic({ world, now, began }: GateContext): Promise<string | undefined> {
  if (now.stanzas === undefined) return undefined;
  const before = began?.stanzas ?? 0;
  // A count that fell began anew with the process.
  const carried = now.stanzas < before ? now.stanzas : now.stanzas - before;
  const { minimumStanzas } = world.rollout;
  return carried < minimumStanzas ? `${carried} stanzas, ${minimumStanzas} needed` : undefined;
}

async function each(regions: readonly string[], attempt: (region: string) => Promise<void> | undefined) {
  for (const region of regions) {
    const reason = await tried(attempt(region));
    if (reason !== undefined) return `${region}: ${reason}`;
  }
  return undefined;
}

async function tried(attempt: Promise<void> | undefined): Promise<string | undefined> {
  try {
    await attempt;
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
