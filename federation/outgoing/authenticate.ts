// Proves our domain on an outgoing stream: SASL EXTERNAL where offered, else dialback. XEP-0178, XEP-0220 §2.1.
import { escapeAttribute, NS_DIALBACK, NS_DIALBACK_FEATURE, NS_SASL, type RawElement } from "../../server/index.ts";
import type { FederationContext } from "../context.ts";
import { makeKey } from "../dialback/key.ts";
import { policyFor } from "../policy.ts";
import { type Established, openStream } from "./establish.ts";
import { OutgoingFailure } from "./states.ts";

/** How a stream was authenticated. */
export type Method = "external" | "dialback";

/** Authenticates `from` to `to`. @throws OutgoingFailure, StreamEnded */
export async function authenticate(
  context: FederationContext,
  from: string,
  to: string,
  established: Established,
): Promise<Method> {
  const refusal = offersExternal(established) ? await external(from, to, established) : undefined;
  if (refusal === undefined && offersExternal(established)) return "external";
  if (!policyFor(context.config, to).allowDialback)
    throw new OutgoingFailure(
      "remote-server-timeout",
      refusal ?? `${to} offers no SASL EXTERNAL, and policy does not allow dialback`,
    );
  await dialback(context, from, to, established);
  return "dialback";
}

function offersExternal({ stream, features }: Established): boolean {
  if (!stream.transport.encrypted) return false;
  const mechanisms = features?.getChild("mechanisms", NS_SASL)?.getChildren("mechanism") ?? [];
  return mechanisms.some((mechanism) => mechanism.getText().trim() === "EXTERNAL");
}

/** SASL EXTERNAL with our domain as authorization identity. XEP-0178 §3 step 9. Returns why it was refused. */
async function external(from: string, to: string, established: Established): Promise<string | undefined> {
  const { stream, dialogue } = established;
  stream.send(`<auth xmlns='${NS_SASL}' mechanism='EXTERNAL'>${Buffer.from(from).toString("base64")}</auth>`);
  const answer = await dialogue.nextElement();
  if (answer.xmlns !== NS_SASL || answer.name !== "success")
    return `${to} refused SASL EXTERNAL: ${answer.children[0]?.name ?? answer.name}`;
  stream.restart();
  await openStream(stream, dialogue, { from, to, version: "1.0", prefixes: { db: NS_DIALBACK } });
  return undefined;
}

/** Dialback as originating server. XEP-0220 §2.1. */
async function dialback(context: FederationContext, from: string, to: string, established: Established): Promise<void> {
  const { stream, dialogue, header, features } = established;
  // COMPAT(older servers): many announce dialback by the namespace of their header alone.
  const offered =
    features?.getChild("dialback", NS_DIALBACK_FEATURE) !== undefined ||
    [...header.prefixes.values()].includes(NS_DIALBACK);
  if (!offered) throw new OutgoingFailure("remote-server-timeout", `${to} offers neither SASL EXTERNAL nor dialback`);
  if (header.id === undefined || header.id === "")
    throw new OutgoingFailure("remote-server-timeout", `${to} gave its stream no id`);
  const key = makeKey(context.secrets[0] as string, { receiving: to, originating: from, streamId: header.id });
  stream.send(`<db:result from='${escapeAttribute(from)}' to='${escapeAttribute(to)}'>${key}</db:result>`);
  for (;;) {
    const answer = await dialogue.nextElement();
    if (isAnswer(answer, from, to)) return judgeAnswer(answer, to);
  }
}

/** Only the answer for this pair counts. XEP-0220 §2.1.2. */
function isAnswer(raw: RawElement, from: string, to: string): boolean {
  return raw.xmlns === NS_DIALBACK && raw.name === "result" && raw.attr("from") === to && raw.attr("to") === from;
}

function judgeAnswer(answer: RawElement, to: string): void {
  const type = answer.attr("type");
  if (type === "valid") return;
  const error = answer.toElement().getChild("error");
  const condition = error?.getChildElements()[0]?.getName();
  throw new OutgoingFailure(
    "remote-server-timeout",
    `${to} did not accept our dialback key: ${condition ?? type ?? "no type"}`,
  );
}
