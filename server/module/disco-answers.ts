// What an entity answers to service discovery, of itself or of a node of its. XEP-0030.
import { Element } from "ltx";
import { StanzaError } from "../../xmpp/stanza/error.ts";
import { NS_DISCO_INFO, NS_DISCO_ITEMS } from "../../xmpp/xml/namespaces.ts";
import { parseElement } from "../../xmpp/xml/tree.ts";
import type { IqRequest } from "../ports/iq.ts";
import type { DiscoReading, Identity, NodeInfo } from "./disco-registry.ts";

/** Answers what an entity is. XEP-0030 §3.1. @throws StanzaError */
export function info(entry: DiscoReading, request: IqRequest): Element {
  const ofNode = nodeInfo(entry, request);
  const query = ofNode === undefined ? queryFor(entry, request, NS_DISCO_INFO) : queryOf(request, NS_DISCO_INFO);
  const { identities, features } = ofNode ?? { identities: entry.identities, features: [...entry.features] };
  for (const identity of identities) query.c("identity", attributesOf(identity));
  for (const feature of [...features].sort()) query.c("feature", { var: feature });
  if (ofNode !== undefined) return query;
  for (const form of entry.forms) query.cnode(parseElement(form));
  return query;
}

function attributesOf({ category, type, name }: Identity): Record<string, string> {
  return name === undefined ? { category, type } : { category, type, name };
}

/** What a module says of the node asked about. */
function nodeInfo(entry: DiscoReading, { payload, from }: IqRequest): NodeInfo | undefined {
  const { node } = payload.attrs;
  return node === undefined ? undefined : entry.nodeInfo(node, from);
}

/** Answers what belongs to an entity. XEP-0030 §4.1. @throws StanzaError */
export function items(entry: DiscoReading, request: IqRequest): Element {
  const { node } = request.payload.attrs;
  const ofNode = node === undefined ? undefined : entry.nodeItems(node, request.from);
  if (ofNode !== undefined) {
    const query = queryOf(request, NS_DISCO_ITEMS);
    for (const item of ofNode) query.c("item", { ...item });
    return query;
  }
  if (nodeInfo(entry, request) !== undefined) return queryOf(request, NS_DISCO_ITEMS);
  const query = queryFor(entry, request, NS_DISCO_ITEMS);
  for (const item of entry.items) query.c("item", { ...item });
  return query;
}

/** The answer's root; a node nobody knows is `item-not-found`. XEP-0030 §3.2. */
function queryFor(entry: DiscoReading, request: IqRequest, xmlns: string): Element {
  const { node } = request.payload.attrs;
  if (node !== undefined && !entry.isAlias(node)) throw new StanzaError("item-not-found");
  return queryOf(request, xmlns);
}

/** The answer's root, which names the node asked about. */
function queryOf(request: IqRequest, xmlns: string): Element {
  const { node } = request.payload.attrs;
  return new Element("query", node === undefined ? { xmlns } : { xmlns, node });
}
