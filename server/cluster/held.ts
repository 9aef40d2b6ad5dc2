// Brings what a node held for its clients when it died to where undelivered stanzas go.
import type { Logger } from "pino";
import { reroute } from "../c2s/stream-management/reroute.ts";
import type { VirtualHost } from "../host/virtual-host.ts";
import { noteArrival } from "../stanza/arrival.ts";
import { Stanza } from "../stanza/stanza.ts";
import type { HeldMessage, HeldStore } from "../storage/ports.ts";
import { parseElement } from "../xml/tree.ts";

/** Messages read at a time. */
const BATCH = 200;

/** Takes over what `member` held, oldest first. @throws StoreUnavailable; what is left stays stored */
export async function adoptHeld(
  store: HeldStore,
  member: string,
  hosts: ReadonlyMap<string, VirtualHost>,
  log: Logger,
): Promise<void> {
  let last = 0;
  let count = 0;
  for (;;) {
    const batch = await store.read(member, last, BATCH);
    if (batch.length === 0) break;
    for (const message of batch) await redeliver(message, hosts, log);
    await store.remove(batch.map(({ id }) => id));
    last = batch.at(-1)?.id ?? last;
    count += batch.length;
  }
  if (count > 0) log.info({ member, count }, "messages of a node that is gone were taken over");
}

async function redeliver(message: HeldMessage, hosts: ReadonlyMap<string, VirtualHost>, log: Logger): Promise<void> {
  const host = hosts.get(message.domain);
  if (host === undefined) return;
  try {
    const stanza = Stanza.fromElement(parseElement(message.text));
    noteArrival(stanza, message.at);
    await reroute(host, stanza);
  } catch (error) {
    log.error({ err: error, host: message.domain }, "a held message could not be delivered");
  }
}
