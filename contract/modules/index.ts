// The modules of a virtual host as its configuration has them: each false, or its settings.
import { z } from "zod";
import { AdministrationSettings } from "./administration.ts";
import { BlockingSettings } from "./blocking.ts";
import { CapsSettings } from "./caps.ts";
import { ContactsSettings } from "./contacts.ts";
import { DiscoSettings } from "./disco.ts";
import { OfflineSettings } from "./offline.ts";
import { OutageSettings } from "./outage.ts";
import { PrivateSettings } from "./private.ts";
import { RegisterSettings } from "./register.ts";
import { RosterSettings } from "./roster.ts";
import { VcardSettings } from "./vcard.ts";
import { VersionSettings } from "./version.ts";

/** Settings of a module that has none. */
export const NoSettings = z.strictObject({});

const none = (what: string) => module(NoSettings.describe(what));

/** False leaves the module out. */
function module<C extends z.ZodType>(settings: C) {
  return z.union([z.literal(false), settings]).exactOptional();
}

/** Every module there is. What is not named runs with its defaults, unless its description says otherwise. */
export const ModulesConfig = z
  .strictObject({
    administration: module(AdministrationSettings),
    blocking: module(BlockingSettings),
    caps: module(CapsSettings),
    carbons: none("Copies of messages for the other devices of an account. XEP-0280."),
    commands: none("Ad-hoc commands. XEP-0050."),
    contacts: module(ContactsSettings),
    csi: none("Clients say whether somebody looks; what can wait is held back. XEP-0352."),
    disco: module(DiscoSettings),
    last: none("Last activity of accounts. XEP-0012."),
    offline: module(OfflineSettings),
    outage: module(OutageSettings),
    ping: none("Pings. XEP-0199."),
    presence: none("Presence and subscriptions. RFC 6121 §3, §4."),
    private: module(PrivateSettings),
    register: module(RegisterSettings),
    roster: module(RosterSettings),
    serverinfo: none("Which domains this one federates with. XEP-0485. Off unless it is named."),
    session: none("The session request of older clients. RFC 3921 §3."),
    time: none("Time of the server. XEP-0202."),
    vcard: module(VcardSettings),
    version: module(VersionSettings),
  })
  .prefault({})
  .describe(
    "Modules of the host: false leaves one out, an object has its settings. What is not named runs with its defaults.",
  );
