// Private XML storage: small documents a client keeps with its account. XEP-0049.
import { Element } from "ltx";
import { z } from "zod";
import { defineModule, type IqRequest, type ModuleHost } from "../../module/define.ts";
import { StanzaError } from "../../stanza/error.ts";
import { DOCUMENT_KEY_BYTES } from "../../storage/text.ts";
import { parseElement } from "../../xml/tree.ts";

const NS_PRIVATE = "jabber:iq:private";
const KIND = "private";

const PrivateConfig = z.strictObject({
  maxBytes: z.int().min(1024).default(65_536).describe("Bytes of one document."),
  maxDocuments: z.int().min(1).default(100).describe("Documents of one account."),
});
type PrivateConfig = z.output<typeof PrivateConfig>;

/** The private storage module. */
export const privateStorage = defineModule({
  name: "private",
  implements: ["XEP-0049 1.2"],
  needs: ["disco"],
  config: PrivateConfig,
  activate(host, config) {
    host.disco.host.features.add(NS_PRIVATE);
    host.iq("account", "get", NS_PRIVATE, "query", (request) => get(host, request));
    host.iq("account", "set", NS_PRIVATE, "query", (request) => set(host, config, request));
  },
});

/** The one document asked about, with the key it is kept under. */
function documentOf(request: IqRequest): { readonly element: Element; readonly key: string } {
  const [element, ...more] = request.payload.getChildElements();
  if (element === undefined || more.length > 0) throw new StanzaError("bad-request", "exactly one element is kept");
  const xmlns = element.getNS() ?? "";
  if (xmlns === "" || xmlns === NS_PRIVATE) throw new StanzaError("bad-request", "the element needs its own namespace");
  const key = `${element.getName()} ${xmlns}`;
  if (Buffer.byteLength(key) > DOCUMENT_KEY_BYTES)
    throw new StanzaError("not-acceptable", `name and namespace have at most ${DOCUMENT_KEY_BYTES} bytes`);
  return { element, key };
}

async function get(host: ModuleHost, request: IqRequest): Promise<Element> {
  const { element, key } = documentOf(request);
  const text = await host.storage.documents.get(host.domain, request.to.local, KIND, key);
  const query = new Element("query", { xmlns: NS_PRIVATE });
  query.cnode(
    text === undefined ? new Element(element.getName(), { xmlns: element.getNS() ?? "" }) : parseElement(text),
  );
  return query;
}

async function set(host: ModuleHost, config: PrivateConfig, request: IqRequest): Promise<undefined> {
  const { element, key } = documentOf(request);
  const { documents } = host.storage;
  element.attrs.xmlns ??= element.getNS();
  const text = element.toString();
  if (Buffer.byteLength(text) > config.maxBytes)
    throw new StanzaError("not-acceptable", `a document has at most ${config.maxBytes} bytes`);
  const { local } = request.to;
  if ((await documents.count(host.domain, local, KIND)) >= config.maxDocuments)
    if ((await documents.get(host.domain, local, KIND, key)) === undefined)
      throw new StanzaError("not-acceptable", `an account keeps at most ${config.maxDocuments} documents`);
  await documents.put(host.domain, request.to.local, KIND, key, text);
  return undefined;
}
