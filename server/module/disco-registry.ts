// What a virtual host says of itself and of its accounts to service discovery. XEP-0030.

import type { Jid } from "../../xmpp/jid/jid.ts";

/** A disco identity. XEP-0030 §3.1. */
export interface Identity {
  readonly category: string;
  readonly type: string;
  readonly name?: string;
}

/** A disco item. XEP-0030 §4.1. */
export interface DiscoItem {
  readonly jid: string;
  readonly name?: string;
  readonly node?: string;
}

/** What a node says of itself. XEP-0030 §3.2. */
export interface NodeInfo {
  readonly identities: readonly Identity[];
  readonly features: readonly string[];
}

/** One of the two things asked about: the host itself, or an account of it. */
export class DiscoEntry {
  readonly identities: Identity[] = [];
  readonly features = new Set<string>();
  readonly items: DiscoItem[] = [];
  /** Nodes that stand for the entry itself, e.g. the one of its capabilities. XEP-0115 §6.2. */
  readonly nodes = new Set<string>();
  /** Items of a node, which may depend on who asks. XEP-0030 §4.2. */
  readonly nodeItems = new Map<string, (from: Jid) => readonly DiscoItem[]>();
  /** What modules say of nodes of theirs; undefined for one that is not theirs. They may throw a StanzaError. */
  readonly nodeInfo: ((node: string, from: Jid) => NodeInfo | undefined)[] = [];
  /** Extended information: data forms as XML text. XEP-0128. */
  readonly forms: (() => string | undefined)[] = [];
}

/** Registry filled by modules while they start. */
export class DiscoRegistry {
  readonly host = new DiscoEntry();
  readonly account = new DiscoEntry();
}
