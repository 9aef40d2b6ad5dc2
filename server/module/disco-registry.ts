// What a virtual host says of itself and of its accounts to service discovery. XEP-0030.

import type { Jid } from "../../xmpp/jid/jid.ts";
import type { IqTarget, OwnTarget } from "../ports/iq.ts";
import type { Withdraw } from "./registrations.ts";

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

/** What one module, or the server itself, has to say of an entity. */
export interface Disclosure {
  readonly identities?: readonly Identity[];
  readonly features?: readonly string[];
  readonly items?: readonly DiscoItem[];
  /** True for a node that stands for the entity itself, e.g. the one of its capabilities. XEP-0115 §6.2. */
  readonly alias?: (node: string) => boolean;
  /** Items of nodes, which may depend on who asks. XEP-0030 §4.2. */
  readonly nodeItems?: Readonly<Record<string, (from: Jid) => readonly DiscoItem[]>>;
  /** What is said of nodes; undefined for one that is another's. May throw a StanzaError. */
  readonly nodeInfo?: (node: string, from: Jid) => NodeInfo | undefined;
  /** Extended information: a data form as XML text. XEP-0128. */
  readonly form?: () => string | undefined;
  /**
   * Fields (XML text) of the form of type http://jabber.org/network/serverinfo: it may be there once only, so that whoever
   * says something in it shares it. XEP-0157 §3, XEP-0128 §3.
   */
  readonly networkInfo?: () => string;
}

const NETWORK_INFO = "<field var='FORM_TYPE' type='hidden'><value>http://jabber.org/network/serverinfo</value></field>";

/** What is said of one entity as a whole. */
export interface DiscoReading {
  readonly identities: readonly Identity[];
  readonly features: ReadonlySet<string>;
  readonly items: readonly DiscoItem[];
  /** Data forms as XML text. */
  readonly forms: readonly string[];
  /** Another number once anything was added or withdrawn. */
  readonly revision: number;
  isAlias(node: string): boolean;
  nodeItems(node: string, from: Jid): readonly DiscoItem[] | undefined;
  /** @throws StanzaError */
  nodeInfo(node: string, from: Jid): NodeInfo | undefined;
}

/** What is said of one entity: the host itself, its accounts, or a domain of a module's own. */
export class DiscoEntry implements DiscoReading {
  revision = 0;
  private readonly said = new Set<Disclosure>();

  /** Adds what somebody has to say. */
  add(disclosure: Disclosure): Withdraw {
    this.said.add(disclosure);
    this.revision++;
    return () => {
      if (this.said.delete(disclosure)) this.revision++;
    };
  }

  /** The same, and more that is said of one entity alone. */
  with(more: Disclosure): DiscoReading {
    const entry = new DiscoEntry();
    for (const disclosure of this.said) entry.add(disclosure);
    entry.add(more);
    return entry;
  }

  get identities(): readonly Identity[] {
    return this.all(({ identities }) => identities);
  }

  get features(): ReadonlySet<string> {
    return new Set(this.all(({ features }) => features));
  }

  get items(): readonly DiscoItem[] {
    return this.all(({ items }) => items);
  }

  get forms(): readonly string[] {
    const forms = [...this.said].map(({ form }) => form?.()).filter((form) => form !== undefined);
    const fields = [...this.said].map(({ networkInfo }) => networkInfo?.() ?? "").join("");
    return fields === "" ? forms : [...forms, `<x xmlns='jabber:x:data' type='result'>${NETWORK_INFO}${fields}</x>`];
  }

  isAlias(node: string): boolean {
    for (const { alias } of this.said) if (alias?.(node) === true) return true;
    return false;
  }

  nodeItems(node: string, from: Jid): readonly DiscoItem[] | undefined {
    for (const { nodeItems } of this.said)
      if (nodeItems !== undefined && Object.hasOwn(nodeItems, node)) return nodeItems[node]?.(from);
    return undefined;
  }

  nodeInfo(node: string, from: Jid): NodeInfo | undefined {
    for (const { nodeInfo } of this.said) {
      const info = nodeInfo?.(node, from);
      if (info !== undefined) return info;
    }
    return undefined;
  }

  private all<T>(of: (disclosure: Disclosure) => readonly T[] | undefined): readonly T[] {
    return [...this.said].flatMap((disclosure) => of(disclosure) ?? []);
  }
}

/** What a host has to say: of itself, of its accounts, and of what is at its modules' own domains. */
export class DiscoRegistry {
  readonly host = new DiscoEntry();
  readonly account = new DiscoEntry();
  private readonly own = new Map<OwnTarget, DiscoEntry>();

  /** What is said of a target, by every module. */
  of(target: IqTarget): DiscoEntry {
    if (target === "host" || target === "account") return this[target];
    const known = this.own.get(target) ?? new DiscoEntry();
    this.own.set(target, known);
    return known;
  }

  /** Every target of which something may be said. */
  get targets(): readonly IqTarget[] {
    return ["host", "account", ...this.own.keys()];
  }
}
