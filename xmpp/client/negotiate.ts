// The way of a client from the first header to a bound resource, said once for every client. RFC 6120 §4.3 to §7.
import type { Element } from "ltx";
import { NS_BIND, NS_SASL, NS_TLS } from "../xml/namespaces.ts";
import { type Credentials, startMechanism } from "./mechanism.ts";

/** How far a stream is negotiated. */
export const STAGES = ["open", "tls", "authenticated", "bound"] as const;
export type Stage = (typeof STAGES)[number];

/** What came, as negotiation reads it, whatever parsed it. */
export interface Heard {
  readonly name: string;
  readonly ns: string;
  readonly children: readonly Heard[];
  readonly text: string;
}

/** An element of ltx as negotiation reads it. */
export function heardOf(element: Element): Heard {
  return {
    name: element.getName(),
    ns: element.getNS() ?? "",
    get children() {
      return element.getChildElements().map(heardOf);
    },
    get text() {
      return element.getText();
    },
  };
}

/** The stream under negotiation. */
export interface Negotiable {
  /** Begins a stream: a header, or `<open/>` on a WebSocket. Resolves once the server's may be waited for. */
  open(): void | Promise<void>;
  send(text: string): void;
  /** The next element that came. @throws Error where the stream ends before */
  next(): Promise<Heard>;
  /** Goes on over TLS, once the server proceeds. */
  secure(): Promise<void>;
  /** Data of a channel binding, by its name. @throws Error without TLS */
  bindingData(binding: string): Buffer;
}

/** What a client wants. */
export interface Plan {
  /** True where STARTTLS comes first: plain TCP. */
  readonly starttls: boolean;
  readonly mechanism: string;
  readonly credentials: Credentials;
  /** Empty: the server chooses. */
  readonly resource: string;
  readonly stage: Stage;
}

/** The server did not do what was asked. */
export class Refused extends Error {
  override name = "Refused";
}

/** Negotiates up to the plan's stage; the full JID where that is a bound resource. @throws Refused */
export async function negotiate(stream: Negotiable, plan: Plan): Promise<string | undefined> {
  let features = await opened(stream);
  if (plan.stage === "open") return undefined;
  if (plan.starttls) {
    if (childOf(features, "starttls", NS_TLS) === undefined) throw new Refused("the server offers no STARTTLS");
    stream.send(`<starttls xmlns="${NS_TLS}"/>`);
    await expected(stream, "proceed");
    await stream.secure();
    features = await opened(stream);
  }
  if (plan.stage === "tls") return undefined;
  const offered = (childOf(features, "mechanisms", NS_SASL)?.children ?? []).map(({ text }) => text);
  if (!offered.includes(plan.mechanism))
    throw new Refused(`no ${plan.mechanism} among ${offered.join(", ") || "nothing"}`);
  await authenticate(stream, plan.mechanism, plan.credentials);
  await opened(stream);
  return plan.stage === "authenticated" ? undefined : bind(stream, plan.resource);
}

/** Runs one SASL exchange up to `<success/>`. RFC 6120 §6.4. @throws Refused with the condition of the failure */
export async function authenticate(
  stream: Pick<Negotiable, "send" | "next" | "bindingData">,
  mechanism: string,
  credentials: Credentials,
): Promise<void> {
  const exchange = startMechanism(mechanism, credentials, (binding) => stream.bindingData(binding));
  stream.send(`<auth xmlns="${NS_SASL}" mechanism="${mechanism}">${base64(exchange.initial) || "="}</auth>`);
  for (;;) {
    const { ns, name, text, children } = await stream.next();
    if (ns === NS_SASL && name === "challenge") {
      stream.send(`<response xmlns="${NS_SASL}">${base64(exchange.answer(plain(text)))}</response>`);
      continue;
    }
    if (ns !== NS_SASL || name !== "success") throw new Refused(`log-in refused: ${children[0]?.name ?? name}`);
    if (!exchange.proves(plain(text))) throw new Refused("the server could not prove that it knows the password");
    return;
  }
}

/** RFC 6120 §7. */
async function bind(stream: Negotiable, resource: string): Promise<string> {
  const wish = resource === "" ? "" : `<resource>${resource}</resource>`;
  stream.send(`<iq xmlns="jabber:client" type="set" id="bind"><bind xmlns="${NS_BIND}">${wish}</bind></iq>`);
  const answer = await expected(stream, "iq");
  const jid = childOf(answer, "bind", NS_BIND)?.children.find(({ name }) => name === "jid");
  if (jid === undefined) throw new Refused(`not bound: ${answer.children.at(-1)?.children[0]?.name ?? "no reason"}`);
  return jid.text;
}

async function opened(stream: Negotiable): Promise<Heard> {
  await stream.open();
  return expected(stream, "features");
}

async function expected(stream: Negotiable, name: string): Promise<Heard> {
  const heard = await stream.next();
  if (heard.name !== name) throw new Refused(`expected <${name}/>, got <${heard.name}/> ${reasonOf(heard)}`);
  return heard;
}

function reasonOf({ children }: Heard): string {
  return children.map(({ name, text }) => (text === "" ? name : `${name}: ${text}`)).join(", ");
}

function childOf({ children }: Heard, name: string, ns: string): Heard | undefined {
  return children.find((child) => child.name === name && child.ns === ns);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function plain(text: string): string {
  return Buffer.from(text, "base64").toString();
}
