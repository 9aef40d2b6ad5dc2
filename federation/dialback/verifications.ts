// Questions about dialback keys that are open on one stream, and their answers. XEP-0220 §2.1.2.

import type { StreamEnd, XmppStream } from "../../xmpp/stream/stream.ts";
import { escapeAttribute } from "../../xmpp/xml/escape.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { FederationContext } from "../way/context.ts";
import type { DialbackCondition } from "./answer.ts";

/** What a key turned out to be; `error` carries a condition of XEP-0220 §2.5. */
export type Verdict =
  | { readonly kind: "valid" }
  | { readonly kind: "invalid" }
  | { readonly kind: "error"; readonly condition: DialbackCondition; readonly reason: string };

/** A key to verify, as the receiving server got it. */
export interface Claim {
  /** Domain of ours it was sent to. */
  readonly receiving: string;
  /** Domain that claims to have sent it. */
  readonly originating: string;
  /** Id of the stream it came on. */
  readonly streamId: string;
  readonly key: string;
}

/** Questions open on one stream at one time. */
const LIMIT = 200;

/** The open questions of one stream. */
export class Verifications {
  private readonly stream: XmppStream;
  private readonly context: FederationContext;
  private readonly open = new Map<string, (verdict: Verdict) => void>();

  constructor(stream: XmppStream, context: FederationContext) {
    this.stream = stream;
    this.context = context;
  }

  get room(): boolean {
    return this.open.size < LIMIT && this.stream.writable;
  }

  /** Asks the authoritative server at the stream's other end. Never rejects. */
  ask(claim: Claim): Promise<Verdict> {
    const { receiving, originating, streamId, key } = claim;
    const question = `${receiving} ${originating} ${streamId}`;
    const { clock, config } = this.context;
    return new Promise((resolve) => {
      const settle = (verdict: Verdict) => {
        clock.clearTimeout(timer);
        this.open.delete(question);
        resolve(verdict);
      };
      const timer = clock.setTimeout(
        () =>
          settle({
            kind: "error",
            condition: "remote-server-timeout",
            reason: `${originating} did not verify the key`,
          }),
        config.connectSeconds * 1000,
      );
      this.open.set(question, settle);
      const addresses = `from='${escapeAttribute(receiving)}' to='${escapeAttribute(originating)}'`;
      this.stream.send(`<db:verify ${addresses} id='${escapeAttribute(streamId)}'>${escapeAttribute(key)}</db:verify>`);
    });
  }

  /** Takes an answer; one that nobody asked for is ignored. XEP-0220 §3.1. */
  answered(raw: RawElement, { from, to }: { readonly from: string; readonly to: string }): void {
    const settle = this.open.get(`${to} ${from} ${raw.attr("id") ?? ""}`);
    if (settle === undefined) return;
    const type = raw.attr("type");
    if (type === "valid") return settle({ kind: "valid" });
    if (type === "invalid") return settle({ kind: "invalid" });
    const condition = raw.toElement().getChild("error")?.getChildElements()[0]?.getName() ?? "no condition";
    const reason = `${from} could not verify the key: ${condition}`;
    settle({
      kind: "error",
      condition: condition === "item-not-found" ? "remote-server-not-found" : "remote-server-timeout",
      reason,
    });
  }

  /** The stream is over. */
  end(end: StreamEnd): void {
    const unknown = end.kind === "peer-error" && ["host-unknown", "host-gone"].includes(end.error.condition);
    for (const settle of [...this.open.values()])
      settle({
        kind: "error",
        condition: unknown ? "remote-server-not-found" : "remote-server-timeout",
        reason: "the stream to the authoritative server ended before the answer",
      });
  }
}
