// Brings what a node held for its clients when it died to where undelivered stanzas go.
import type { Logger } from "pino";
import { reroute } from "../c2s/stream-management/reroute.ts";
import type { VirtualHost } from "../host/virtual-host.ts";
import { logFailure } from "../observe/failure.ts";
import { noteArrival } from "../stanza/arrival.ts";
import { Safety } from "../stanza/safety.ts";
import { Stanza } from "../stanza/stanza.ts";
import type { HeldMessage, HeldStore } from "../storage/ports.ts";

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
    const safe: Promise<boolean>[] = [];
    for (const message of batch) safe.push((await begin(message, hosts, log)).safe);
    const outcomes = await Promise.all(safe);
    await store.remove(batch.filter((_message, i) => outcomes[i]));
    last = batch.at(-1)?.id ?? last;
    count += batch.length;
  }
  if (count > 0) log.info({ member, count }, "messages of a node that is gone were taken over");
}

/** A message on its new way. */
interface Begun {
  /** Whether somebody answers for it, so that it may be forgotten here, once that is known. */
  readonly safe: Promise<boolean>;
}

const KEPT: Begun = { safe: Promise.resolve(false) };
const FORGOTTEN: Begun = { safe: Promise.resolve(true) };

/** Gives one message on. */
async function begin(message: HeldMessage, hosts: ReadonlyMap<string, VirtualHost>, log: Logger): Promise<Begun> {
  const host = hosts.get(message.domain);
  // A host that is served here no more: what was held for it stays, for whoever serves it.
  if (host === undefined) return KEPT;
  const stanza = stanzaOf(message);
  try {
    if (stanza === undefined) {
      await host.deadLetters.add(message.local, message.text, "it cannot be read back");
      return FORGOTTEN;
    }
    const safe = new Promise<boolean>((resolve) => {
      stanza.safety = new Safety(() => resolve(true));
    });
    await reroute(host, stanza);
    stanza.safety?.release("passed on");
    return { safe };
  } catch (error) {
    logFailure(log, error, "a held message could not be delivered", { host: message.domain });
    return KEPT;
  }
}

/** Undefined for what is none, which must not be tried for ever. */
function stanzaOf({ text, at }: HeldMessage): Stanza | undefined {
  try {
    const stanza = Stanza.fromText(text);
    noteArrival(stanza, at);
    return stanza;
  } catch {
    return undefined;
  }
}
