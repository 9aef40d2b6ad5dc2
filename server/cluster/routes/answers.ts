// Answers to a node's own IQ requests find that node, wherever in the cluster they arrive. RFC 6120 §8.2.3.
import { createHash, randomBytes } from "node:crypto";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import type { AnswerWays, NodeBus } from "../../ports/cluster.ts";
import type { RemoteRouter } from "../../ports/delivery.ts";
import type { PendingRequests } from "../../ports/host.ts";
import { stanzaFields, stanzaOfFields } from "../bus/stanza-codec.ts";

const KIND = "iq.answer";

/** An id that nobody can guess, so that nobody else can answer, with what tells the nodes of the cluster whose it is. */
export function newRequestId(bus: NodeBus): string {
  return `${randomBytes(9).toString("base64url")}.${tagOf(bus.member)}`;
}

/** Gives an answer that nobody waits for here to the node that asked; false where none of the others did. */
export function forwardAnswer(bus: NodeBus, answer: Stanza): boolean {
  const id = answer.id ?? "";
  const dot = id.lastIndexOf(".");
  const tag = id.slice(dot + 1);
  const member = dot === -1 ? undefined : bus.others.find((other) => tagOf(other) === tag);
  if (member === undefined) return false;
  // Who waits for an answer gives up by itself.
  bus.send(member, { kind: KIND, fields: stanzaFields(answer), confirmed: () => {}, failed: () => {} });
  return true;
}

/** The ways of answers over a bus. */
export function answerWays(bus: NodeBus): AnswerWays {
  return { newId: () => newRequestId(bus), forward: (answer) => forwardAnswer(bus, answer) };
}

/** Takes answers to this node's requests that came to others: of its hosts, and of whoever talks to other domains. */
export function takeAnswers(
  bus: NodeBus,
  hosts: ReadonlyMap<string, { readonly requests: PendingRequests }>,
  remote: () => RemoteRouter | undefined,
): void {
  bus.take(KIND, (_from, fields, done) => {
    done();
    const answer = stanzaOfFields(fields);
    if (remote()?.answered?.(answer) === true) return;
    hosts.get(answer.to?.domain ?? "")?.requests.answered(answer, true);
  });
}

/** A member in few characters, that tell a stranger nothing. */
function tagOf(member: string): string {
  return createHash("sha256").update(member).digest("base64url").slice(0, 8);
}
