// What becomes of a stanza for a node that died before it took it, or that cannot take more.

import type { Safety } from "../../../xmpp/stanza/safety.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { rerouteInBackground } from "../../c2s/stream-management/reroute.ts";
import { inBackground } from "../../delivery/background.ts";
import type { BusFailure } from "../../ports/cluster.ts";
import type { SessionHost } from "../../ports/host.ts";

/** Sends it where an undelivered stanza goes; then it is safe, or its sender was told. */
export function undelivered(host: SessionHost, stanza: Stanza, safety: Safety | undefined, reason: BusFailure): void {
  const text = "the node that holds the session is behind; try again";
  if (reason === "died") return rerouteInBackground(host, stanza, safety);
  // Who waits for it waits from here on for its error to be taken.
  const told = host.refuse(stanza, "resource-constraint", text);
  if (told !== undefined) inBackground(told, host.log);
  safety?.release("passed on");
}
