// Every module there is, in the order they are offered to a virtual host.
import type { ModuleDefinition } from "../module/define.ts";
import { disco } from "./disco/disco.ts";
import { offline } from "./offline/offline.ts";
import { ping } from "./ping/ping.ts";
import { presence } from "./presence/presence.ts";
import { roster } from "./roster/roster.ts";
import { version } from "./version/version.ts";

/** Modules by name. */
export const MODULES: ReadonlyMap<string, ModuleDefinition> = new Map(
  [disco, roster, presence, offline, ping, version].map((module) => [module.name, module as ModuleDefinition]),
);
