// Private XML storage: small documents a client keeps with its account. XEP-0049.

import { Element } from "ltx";
import { PrivateSettings } from "../../../contract/modules/private.ts";
import { StanzaError } from "../../../xmpp/stanza/error.ts";
import { selfContained } from "../../../xmpp/xml/self-contained.ts";
import { DOCUMENTS } from "../../documents/store.ts";
import { DOCUMENT_KEY_BYTES } from "../../documents/text.ts";
import { defineModule, type IqRequest, liveSettings } from "../../module/define.ts";
import { type Documents, TEXT } from "../../module/documents.ts";
import type { Section } from "../../ports/exclusive.ts";

const NS_PRIVATE = "jabber:iq:private";

/** The private storage module. */
export const privateStorage = defineModule({
  name: "private",
  implements: ["XEP-0049 1.2"],
  needs: ["disco"],
  stores: [DOCUMENTS],
  config: PrivateSettings,
  activate(host, given) {
    const { settings, activation } = liveSettings(given);
    const documents = host.documents({ name: "private", ...TEXT });
    host.disclose("host", { features: [NS_PRIVATE] });
    host.iq({ target: "account", type: "get", xmlns: NS_PRIVATE, name: "query" }, (request) => get(documents, request));
    host.iq({ target: "account", type: "set", xmlns: NS_PRIVATE, name: "query" }, (request) => {
      // In the turn of who asks.
      const texts = textsOf(request, settings);
      // One at a time for each account, at whichever node: what is counted before must still hold when it is stored.
      return host.exclusive(`private ${request.to.local}`, (section) =>
        set(documents, { config: settings, local: request.to.local, texts, section }),
      );
    });
    return activation;
  },
});

/** A document of a request, with the key it is kept under. */
interface Named {
  readonly element: Element;
  readonly key: string;
}

/** The documents that a request is about. @throws StanzaError */
function documentsOf(request: IqRequest): Named[] {
  const elements = request.payload.getChildElements();
  // XEP-0049 §3: without an element of a proper namespace.
  if (elements.length === 0) throw new StanzaError("not-acceptable", "at least one element is kept");
  return elements.map((element) => {
    const xmlns = element.getNS() ?? "";
    if (xmlns === "" || xmlns === NS_PRIVATE)
      throw new StanzaError("not-acceptable", "each element needs its own namespace");
    const key = `${element.getName()} ${xmlns}`;
    if (Buffer.byteLength(key) > DOCUMENT_KEY_BYTES)
      throw new StanzaError("not-acceptable", `name and namespace have at most ${DOCUMENT_KEY_BYTES} bytes`);
    return { element, key };
  });
}

/** As it was written: it declares its namespaces, and need not be parsed for that. */
async function get(documents: Documents<string>, request: IqRequest): Promise<string> {
  const [document, ...more] = documentsOf(request);
  // XEP-0049 §3: a get names one.
  if (document === undefined || more.length > 0)
    throw new StanzaError("bad-request", "exactly one element is asked for");
  const { element, key } = document;
  const text = await documents.get(request.to.local, key);
  const empty = () => new Element(element.getName(), { xmlns: element.getNS() ?? "" }).toString();
  return `<query xmlns='${NS_PRIVATE}'>${text ?? empty()}</query>`;
}

/** The documents to keep, by key. @throws StanzaError */
function textsOf(request: IqRequest, { maxBytes }: PrivateSettings): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { element, key } of documentsOf(request)) {
    if (texts.has(key)) throw new StanzaError("bad-request", "one set names an element twice");
    texts.set(key, textOf(element, maxBytes));
  }
  return texts;
}

/** What is to be kept. */
interface Setting {
  readonly config: PrivateSettings;
  readonly local: string;
  readonly texts: ReadonlyMap<string, string>;
  readonly section: Section;
}

/** Keeps all of a request's documents, or none: each was looked at before the first is stored. */
async function set(documents: Documents<string>, { config, local, texts, section }: Setting): Promise<undefined> {
  const count = await documents.count(local);
  if (count + texts.size > config.maxDocuments) {
    const kept = await Promise.all([...texts.keys()].map((key) => documents.get(local, key)));
    if (count + kept.filter((text) => text === undefined).length > config.maxDocuments)
      throw new StanzaError("not-acceptable", `an account keeps at most ${config.maxDocuments} documents`);
  }
  for (const [key, text] of texts) {
    section.check();
    await documents.put(local, key, text);
  }
  return undefined;
}

/** The text to keep of a document, with what it leans on. @throws StanzaError */
function textOf(element: Element, maxBytes: number): string {
  const text = selfContained(element);
  if (Buffer.byteLength(text) > maxBytes)
    throw new StanzaError("not-acceptable", `a document has at most ${maxBytes} bytes`);
  return text;
}
