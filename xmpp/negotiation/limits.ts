// Stream limits: what a side takes, told in its features, or with another request. XEP-0478.
import type { Element } from "ltx";

/** Stream limits. XEP-0478. */
export const NS_STREAM_LIMITS = "urn:xmpp:stream-limits:0";

/** What a peer says that it takes. */
export interface PeerLimits {
  /** Bytes of one element. */
  readonly maxBytes: number | undefined;
  /** Seconds without traffic after which it may end the stream. */
  readonly idleSeconds: number | undefined;
}

/** `<limits/>`; without `idleSeconds` nothing is said of silence. */
export function limitsText(maxBytes: number, idleSeconds?: number): string {
  const idle = idleSeconds === undefined ? "" : `<idle-seconds>${Math.ceil(idleSeconds)}</idle-seconds>`;
  return `<limits xmlns='${NS_STREAM_LIMITS}'><max-bytes>${maxBytes}</max-bytes>${idle}</limits>`;
}

/** Reads `<limits/>` out of features or of `<bidi/>`; what makes no sense counts as not said. */
export function limitsOf(parent: Element | undefined): PeerLimits {
  const limits = parent?.getChild("limits", NS_STREAM_LIMITS);
  return { maxBytes: numberIn(limits, "max-bytes", 1000), idleSeconds: numberIn(limits, "idle-seconds", 1) };
}

function numberIn(limits: Element | undefined, name: string, least: number): number | undefined {
  const text = limits?.getChild(name, NS_STREAM_LIMITS)?.getText().trim() ?? "";
  if (!/^[0-9]{1,12}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least ? value : undefined;
}
