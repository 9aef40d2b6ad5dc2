// The SASL profile of RFC 6120 on client streams. RFC 6120 §6.
import { Jid } from "../jid/jid.ts";
import type { SaslContext, SaslExchange, SaslFailure, SaslStep } from "../sasl/mechanism.ts";
import {
  beginExchange,
  channelBindingTypes,
  decodeSaslData,
  encodeSaslData,
  offeredMechanisms,
  refusal,
} from "../sasl/mechanisms.ts";
import { escapeText } from "../xml/escape.ts";
import { NS_SASL, NS_SASL_CHANNEL_BINDING } from "../xml/namespaces.ts";
import type { RawElement } from "../xml/raw-element.ts";
import type { C2sConnection } from "./connection.ts";
import type { StreamFeature } from "./feature.ts";

/** Exchanges in progress, by connection. */
const exchanges = new WeakMap<C2sConnection, SaslExchange>();

/** The SASL feature, with the channel bindings we can check (XEP-0440). */
export const saslFeature: StreamFeature = {
  name: "sasl",
  phase: "before authentication",
  xmlns: NS_SASL,
  advertise(connection) {
    const context = saslContext(connection);
    const names = offeredMechanisms(context);
    connection.offeredMechanisms = names;
    if (names.length === 0) return undefined;
    const mechanisms = names.map((name) => `<mechanism>${name}</mechanism>`).join("");
    const bindings = channelBindingTypes(context);
    const bindingText =
      bindings.length === 0
        ? ""
        : `<sasl-channel-binding xmlns='${NS_SASL_CHANNEL_BINDING}'>${bindings
            .map((type) => `<channel-binding type='${type}'/>`)
            .join("")}</sasl-channel-binding>`;
    return `<mechanisms xmlns='${NS_SASL}'>${mechanisms}</mechanisms>${bindingText}`;
  },
  handle(connection, raw) {
    if (connection.authenticated || connection.host === undefined)
      return connection.stream.fail("policy-violation", "already authenticated");
    switch (raw.name) {
      case "auth":
        return begin(connection, raw);
      case "response":
        return respond(connection, raw);
      case "abort":
        exchanges.delete(connection);
        return fail(connection, { kind: "failure", condition: "aborted" });
      default:
        return connection.stream.fail("unsupported-stanza-type");
    }
  },
};

/** What the mechanisms may know of a connection. */
export function saslContext(connection: C2sConnection): SaslContext {
  const { context, stream } = connection;
  const domain = connection.host?.domain ?? "";
  return {
    domain,
    encrypted: stream.transport.encrypted,
    tlsSocket: stream.transport.tls?.socket,
    serverCertificate: context.tls.leafOf(stream.transport.tls?.socket, domain),
    credentials: context.credentials,
    decoySecret: context.decoySecret,
    offered: connection.offeredMechanisms,
    plainWithoutTls: context.authentication.plainWithoutTls,
    anonymous: context.authentication.anonymous,
    decoyIterations: context.authentication.scramIterations,
    report: (error) => connection.log.error({ err: error }, "an authentication provider failed"),
  };
}

function begin(connection: C2sConnection, raw: RawElement): void | Promise<void> {
  const mechanism = raw.attr("mechanism") ?? "";
  exchanges.delete(connection);
  const context = saslContext(connection);
  const exchange = beginExchange(mechanism, context);
  if (exchange === undefined) return fail(connection, { kind: "failure", condition: refusal(mechanism, context) });
  exchanges.set(connection, exchange);
  return feed(connection, exchange, raw);
}

function respond(connection: C2sConnection, raw: RawElement): void | Promise<void> {
  const exchange = exchanges.get(connection);
  if (exchange === undefined) return fail(connection, { kind: "failure", condition: "malformed-request" });
  return feed(connection, exchange, raw);
}

function feed(connection: C2sConnection, exchange: SaslExchange, raw: RawElement): void | Promise<void> {
  const data = decodeSaslData(raw.toElement().getText());
  if (!Buffer.isBuffer(data)) return fail(connection, data);
  const step = exchange.step(data);
  return step instanceof Promise ? step.then((settled) => proceed(connection, settled)) : proceed(connection, step);
}

function proceed(connection: C2sConnection, step: SaslStep): void | Promise<void> {
  const { stream, host, context } = connection;
  switch (step.kind) {
    case "challenge":
      return stream.send(`<challenge xmlns='${NS_SASL}'>${encodeSaslData(step.data)}</challenge>`);
    case "failure":
      return fail(connection, step);
    case "success": {
      exchanges.delete(connection);
      const account = Jid.prepared(step.local, host?.domain ?? "", "");
      if (context.throttle.banned(account.bare, stream.transport.remoteAddress))
        return fail(connection, { kind: "failure", condition: "not-authorized" });
      context.throttle.succeeded(account.bare, stream.transport.remoteAddress);
      context.metrics.login(true);
      connection.authenticatedAs(account);
      const data = step.data === undefined ? "/>" : `>${encodeSaslData(step.data)}</success>`;
      stream.send(`<success xmlns='${NS_SASL}'${data}`);
      return stream.restart();
    }
  }
}

/** A failure is counted, and slowed down once there were several. */
async function fail(connection: C2sConnection, step: SaslFailure): Promise<void> {
  const { stream, context } = connection;
  exchanges.delete(connection);
  if (step.condition === "not-authorized") {
    context.metrics.login(false);
    const wait = context.throttle.failed(step.account, stream.transport.remoteAddress);
    connection.log.info({ condition: step.condition }, "authentication failed");
    if (wait > 0) await new Promise<void>((resolve) => context.clock.setTimeout(resolve, wait));
  }
  const text = step.text === undefined ? "" : `<text xml:lang='en'>${escapeText(step.text)}</text>`;
  stream.send(`<failure xmlns='${NS_SASL}'><${step.condition}/>${text}</failure>`);
}
