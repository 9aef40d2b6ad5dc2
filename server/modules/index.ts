// Every module there is, in the order they are offered to a virtual host.
import type { ModuleDefinition } from "../module/define.ts";
import { administration } from "./administration/administration.ts";
import { blocking } from "./blocking/blocking.ts";
import { caps } from "./caps/caps.ts";
import { carbons } from "./carbons/carbons.ts";
import { commands } from "./commands/commands.ts";
import { contacts } from "./contacts/contacts.ts";
import { csi } from "./csi/csi.ts";
import { disco } from "./disco/disco.ts";
import { last } from "./last/last.ts";
import { offline } from "./offline/offline.ts";
import { outage } from "./outage/outage.ts";
import { ping } from "./ping/ping.ts";
import { presence } from "./presence/presence.ts";
import { privateStorage } from "./private/private.ts";
import { register } from "./register/register.ts";
import { roster } from "./roster/roster.ts";
import { serverinfo } from "./serverinfo/serverinfo.ts";
import { session } from "./session/session.ts";
import { time } from "./time/time.ts";
import { vcard } from "./vcard/vcard.ts";
import { version } from "./version/version.ts";

const ALL = [
  disco,
  roster,
  presence,
  session,
  offline,
  carbons,
  blocking,
  csi,
  privateStorage,
  vcard,
  last,
  time,
  ping,
  version,
  contacts,
  outage,
  serverinfo,
  commands,
  administration,
  register,
  caps,
];

/** Modules by name. */
export const MODULES: ReadonlyMap<string, ModuleDefinition> = new Map(
  ALL.map((module) => [module.name, module as ModuleDefinition]),
);
