// Subscriptions that a removed account had at other domains, removed while no node ran: the next node ends them.
import { hash } from "node:crypto";
import type { Logger } from "pino";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { eachInTurn, inBackground } from "../delivery/background.ts";
import type { DocumentStore } from "../documents/port.ts";
import { DOCUMENTS } from "../documents/store.ts";
import { logFailure } from "../observe/failure.ts";
import type { RemoteRouter } from "../ports/delivery.ts";
import type { Exclusive } from "../ports/exclusive.ts";
import type { Stores } from "../ports/store.ts";

/** Kind of document, of a domain as a whole. */
const KIND = "departure";

/** What a node has for this. */
interface Parts {
  readonly storage: Pick<Stores, "of">;
  readonly log: Logger;
  readonly ports: { readonly exclusive: Pick<Exclusive, "attempt"> };
  readonly router: {
    readonly hosts: ReadonlyMap<string, unknown>;
    route(stanza: Stanza): void | Promise<void>;
  };
}

/** In place of a way to other domains, where there is none: keeps what takes leave of contacts. XEP-0077 §3.2. */
export class KeptDepartures implements RemoteRouter {
  /** How many stanzas were kept. */
  kept = 0;
  private readonly documents: DocumentStore;

  constructor(storage: Pick<Stores, "of">) {
    this.documents = storage.of(DOCUMENTS);
  }

  /** @throws StoreUnavailable */
  async route(stanza: Stanza): Promise<void> {
    const { from, type } = stanza;
    if (from === undefined || stanza.kind !== "presence" || (type !== "unsubscribe" && type !== "unsubscribed")) return;
    // A name as long as it may be leaves no room in a key, and half a character is none.
    const key = `${hash("sha256", from.local, "hex")} ${Date.now()} ${String(this.kept++).padStart(6, "0")}`;
    await this.documents.put({ domain: from.domain, local: "", kind: KIND, key, text: stanza.text() });
  }
}

/**
 * Sends what was kept, once there is a way to other domains. Of nodes that start at once one does so for each domain; what
 * it leaves, because it died over it or was not alone at it any more, the next start of a node sends.
 */
export function sendDepartures(node: Parts): void {
  inBackground(
    eachInTurn(node.router.hosts.keys(), (domain) => sendAll(node, domain)),
    node.log,
  );
}

async function sendAll({ storage, router, log, ports }: Parts, domain: string): Promise<void> {
  const documents = storage.of(DOCUMENTS);
  await ports.exclusive.attempt(`departures ${domain}`, async (section) => {
    for (const { key, text } of await documents.list(domain, "", KIND)) {
      section.check();
      try {
        await router.route(Stanza.fromText(text));
      } catch (error) {
        logFailure(log, error, "a removed account's contact could not be told", { domain });
      }
      await documents.remove(domain, "", KIND, key);
    }
  });
}
