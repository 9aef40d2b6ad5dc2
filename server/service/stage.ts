// How far a node has come, and why it should get no clients.

import type { Waits } from "./patience.ts";
import type { Services } from "./services.ts";

/** How far the node has come; in the words of `/readyz` where it takes no clients. */
export interface Stage {
  now: "starting" | "running" | "draining";
  readonly waits: Waits;
  /** Why it should get no clients for its part in the cluster. */
  unheard: () => string | undefined;
}

/** Why a node should get no new clients; undefined where it should. */
export async function reasonOf({ now, waits, unheard }: Stage, services: Services): Promise<string | undefined> {
  if (now !== "running") return waits.reason === undefined ? now : `${now}: ${waits.reason}`;
  return (await services.unhealthy()) ?? unheard();
}
