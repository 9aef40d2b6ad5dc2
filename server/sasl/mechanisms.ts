// The SASL mechanisms this server has, strongest first, and the way into an exchange. RFC 6120 §6.3.3.
import { anonymous } from "./anonymous.ts";
import { external } from "./external.ts";
import type { SaslCondition, SaslContext, SaslExchange, SaslMechanism } from "./mechanism.ts";
import { plain } from "./plain.ts";
import { scram } from "./scram.ts";

export { decodeBase64, decodeSaslData, encodeSaslData, MAX_SASL_BYTES, strictBase64 } from "./base64.ts";
export { channelBindingTypes } from "./channel-binding.ts";

const MECHANISMS: readonly SaslMechanism[] = [
  external,
  scram("SHA-512", true),
  scram("SHA-256", true),
  scram("SHA-1", true),
  scram("SHA-512", false),
  scram("SHA-256", false),
  scram("SHA-1", false),
  plain,
  anonymous,
];

const BY_NAME = new Map(MECHANISMS.map((mechanism) => [mechanism.name, mechanism]));

/** Names to offer on a stream, strongest first. What was offered goes into `context.offered` before an exchange. */
export function offeredMechanisms(context: SaslContext): string[] {
  return MECHANISMS.filter((mechanism) => mechanism.available(context)).map((mechanism) => mechanism.name);
}

/** Begins an exchange; undefined for a mechanism that was not offered on this stream (see `refusal`). */
export function beginExchange(name: string, context: SaslContext): SaslExchange | undefined {
  const mechanism = context.offered.includes(name) ? BY_NAME.get(name) : undefined;
  return mechanism?.available(context) ? mechanism.begin(context) : undefined;
}

/** Why `beginExchange` gave none: PLAIN would do once the stream is encrypted. RFC 6120 §6.5.4, §6.5.7. */
export function refusal(name: string, context: SaslContext): SaslCondition {
  return name === plain.name && !context.encrypted ? "encryption-required" : "invalid-mechanism";
}
