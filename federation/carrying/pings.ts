// Pings between servers and their answers, which may come on any stream of the asked domain. XEP-0199 §4.3.
import { randomBytes } from "node:crypto";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import { escapeAttribute } from "../../xmpp/xml/escape.ts";
import { NS_PING } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { OpenPings } from "../way/context.ts";

/** Questions that may be open at one time. */
const LIMIT = 20_000;

interface Open {
  readonly from: string;
  readonly to: string;
  readonly answered: () => void;
}

/** The open questions of a node. */
export class Pings implements OpenPings {
  private readonly open = new Map<string, Open>();
  private readonly newId: () => string;

  /** `newId`: of a kind by which other nodes know whose question it was, where there are any. */
  constructor(newId: () => string = () => randomBytes(9).toString("base64url")) {
    this.newId = newId;
  }

  /** Registers a question of our domain `from` to the domain `to`; returns the stanza's text and what forgets it. */
  ask(from: string, to: string, answered: () => void): { readonly text: string; readonly forget: () => void } {
    const id = `s2s-${this.newId()}`;
    if (this.open.size >= LIMIT) this.open.clear();
    this.open.set(id, { from, to, answered });
    return {
      text: `<iq from='${escapeAttribute(from)}' to='${escapeAttribute(to)}' id='${id}' type='get'><ping xmlns='${NS_PING}'/></iq>`,
      forget: () => this.open.delete(id),
    };
  }

  /** Takes an IQ that answers one; an error is an answer too. `from` and `to` are checked by the caller's stream. */
  take(raw: RawElement): boolean {
    const type = raw.attr("type");
    if (this.open.size === 0 || (type !== "result" && type !== "error")) return false;
    return this.answered(raw.attr("id"), raw.attr("from"), raw.attr("to"));
  }

  /** Takes one that came to another node. */
  takeElsewhere({ id, from, to }: Stanza): boolean {
    return this.answered(id, from?.full, to?.full);
  }

  private answered(id: string | undefined, from: string | undefined, to: string | undefined): boolean {
    const question = this.open.get(id ?? "");
    if (question === undefined || from !== question.to || to !== question.from) return false;
    this.open.delete(id ?? "");
    question.answered();
    return true;
  }
}
