// Proves our domain on an outgoing stream: SASL EXTERNAL where offered, else dialback. XEP-0178, XEP-0220 §2.1.
import type { Element } from "ltx";
import { escapeAttribute } from "../../xmpp/xml/escape.ts";
import { NS_DIALBACK, NS_DIALBACK_FEATURE, NS_SASL } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { StreamHeader } from "../../xmpp/xml/tokenizer.ts";
import { StreamEnded } from "../connecting/dialogue.ts";
import { type Established, openStream } from "../connecting/establish.ts";
import { makeKey } from "../dialback/key.ts";
import type { FederationContext } from "../way/context.ts";
import { OutgoingFailure, type Progress } from "../way/progress.ts";

/** How a stream was authenticated. */
export type Method = "external" | "dialback";

/** A stream that carries our stanzas. */
export interface Authenticated {
  readonly method: Method;
  /** The peer's last header and features; undefined where they have not been waited for. */
  readonly header: StreamHeader | undefined;
  readonly features: Element | undefined;
}

/** What was settled before. */
export interface AuthenticateOptions {
  readonly progress: Progress;
  /** `<auth/>` was sent ahead, and the features behind it are known. */
  readonly ahead: boolean;
  /** EXTERNAL was refused on an earlier stream. */
  readonly skipExternal: boolean;
}

/** The peer refused EXTERNAL and ended the stream: dialback needs another one. */
export class ExternalRefused extends Error {
  override readonly name = "ExternalRefused";
}

/** `<auth/>` for EXTERNAL with our domain as authorization identity. XEP-0178 §3 step 9. */
export function externalText(from: string): string {
  return `<auth xmlns='${NS_SASL}' mechanism='EXTERNAL'>${Buffer.from(from).toString("base64")}</auth>`;
}

/** Authenticates `from` to `to`. @throws OutgoingFailure, StreamEnded, ExternalRefused (try again without) */
export async function authenticate(
  context: FederationContext,
  from: string,
  to: string,
  established: Established,
  options: AuthenticateOptions,
): Promise<Authenticated> {
  const { stream, dialogue } = established;
  const { progress } = options;
  const policy = context.policy(to);
  if (options.ahead || (!options.skipExternal && offersExternal(established))) {
    if (!options.ahead) stream.send(externalText(from));
    const answer = await dialogue.nextElement();
    if (answer.xmlns === NS_SASL && answer.name === "success") {
      progress.note("authenticated", { method: "external" });
      stream.restart();
      const header = { from, to, version: "1.0" as const, prefixes: { db: NS_DIALBACK } };
      if (options.ahead) {
        stream.open(header);
        return { method: "external", header: undefined, features: undefined };
      }
      const opened = await openStream(stream, dialogue, header);
      return { method: "external", ...opened };
    }
    const reason = `${to} refused SASL EXTERNAL: ${toldBy(answer.toElement())}`;
    progress.note("refused", { method: "external", reason });
    if (!policy.sendDialback) throw new OutgoingFailure("remote-server-timeout", reason, "pair");
    return await dialback(context, from, to, established, progress).catch((error: unknown) => {
      // Most peers end the stream after a refusal (XEP-0178 §3 step 10): another one is needed for dialback.
      throw error instanceof StreamEnded ? new ExternalRefused(reason) : error;
    });
  }
  if (!policy.sendDialback)
    throw new OutgoingFailure(
      "remote-server-timeout",
      `${to} does not accept our certificate for SASL EXTERNAL, and ${policy.rule} allow no other way`,
      "pair",
    );
  return dialback(context, from, to, established, progress);
}

/** Dialback as originating server. XEP-0220 §2.1.1. */
async function dialback(
  context: FederationContext,
  from: string,
  to: string,
  established: Established,
  progress: Progress,
): Promise<Authenticated> {
  const { stream, dialogue, header, features } = established;
  if (!offersDialback(header, features))
    throw new OutgoingFailure("remote-server-timeout", `${to} offers neither SASL EXTERNAL nor dialback`, "pair");
  stream.send(dialbackText(context, from, to, header.id ?? ""));
  for (;;) {
    const answer = await dialogue.nextElement();
    if (!isDialbackAnswer(answer) || answer.attr("from") !== to || answer.attr("to") !== from) continue;
    const refusal = dialbackRefusal(answer, to);
    if (refusal !== undefined) throw refusal;
    progress.note("authenticated", { method: "dialback" });
    return { method: "dialback", header, features };
  }
}

/** The condition of a failure, and what the peer says besides, on one line. RFC 6120 §6.5, XEP-0220 §2.5. */
function toldBy(failure: Element | undefined): string {
  const children = failure?.getChildElements() ?? [];
  const condition = children.find((child) => child.getName() !== "text")?.getName() ?? "no condition";
  const text =
    children
      .find((child) => child.getName() === "text")
      ?.getText()
      .replace(/\s+/g, " ")
      .trim() ?? "";
  return text === "" ? condition : `${condition} (${text.slice(0, 300)})`;
}

function offersExternal({ stream, features }: Established): boolean {
  if (!stream.transport.encrypted) return false;
  const mechanisms = features?.getChild("mechanisms", NS_SASL)?.getChildren("mechanism", NS_SASL) ?? [];
  return mechanisms.some((mechanism) => mechanism.getText().trim() === "EXTERNAL");
}

/** COMPAT(servers before XEP-0220 1.0): many announce dialback by the namespace of their header alone. */
export function offersDialback(header: StreamHeader, features: Element | undefined): boolean {
  if (header.id === undefined || header.id === "") return false;
  return features?.getChild("dialback", NS_DIALBACK_FEATURE) !== undefined || declaresDialback(header);
}

function declaresDialback(header: StreamHeader): boolean {
  return [...header.prefixes.values()].includes(NS_DIALBACK);
}

/** Whether the peer takes dialback errors as not fatal. XEP-0220 §2.4.2. */
export function offersDialbackErrors(features: Element | undefined): boolean {
  return features?.getChild("dialback", NS_DIALBACK_FEATURE)?.getChild("errors", NS_DIALBACK_FEATURE) !== undefined;
}

/** Our key for a domain pair on the stream with that id. XEP-0220 §2.1.1. */
export function dialbackText(context: FederationContext, from: string, to: string, streamId: string): string {
  const key = makeKey(context.secrets[0] as string, { receiving: to, originating: from, streamId });
  return `<db:result from='${escapeAttribute(from)}' to='${escapeAttribute(to)}'>${key}</db:result>`;
}

/** An answer to a key; whose, its `from` and `to` say. */
export function isDialbackAnswer(raw: RawElement): boolean {
  return raw.xmlns === NS_DIALBACK && raw.name === "result" && raw.attr("type") !== undefined;
}

/** What an answer refuses us with; undefined where it accepts. XEP-0220 §2.1.1. */
export function dialbackRefusal(answer: RawElement, to: string): OutgoingFailure | undefined {
  const type = answer.attr("type");
  if (type === "valid") return undefined;
  if (type === "invalid")
    return new OutgoingFailure("internal-server-error", `${to} says that our dialback key is not ours`, "pair");
  const error = answer.toElement().getChild("error");
  return new OutgoingFailure(
    "remote-server-timeout",
    `${to} did not accept our dialback key: ${toldBy(error)}`,
    "pair",
  );
}
