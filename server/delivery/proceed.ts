// Goes on after the stages of a point.
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { ServedHost } from "../ports/host.ts";
import type { Outcome } from "../ports/stages.ts";

/** Goes on with the stanza, not at all, or with an error to the sender of `original`. */
export function proceed(
  host: Pick<ServedHost, "refuse">,
  outcome: Outcome | Promise<Outcome>,
  original: Stanza,
  next: (stanza: Stanza) => void | Promise<void>,
): void | Promise<void> {
  if (outcome instanceof Promise) return outcome.then((settled) => proceed(host, settled, original, next));
  switch (outcome.kind) {
    case "go":
      return next(outcome.stanza);
    case "stopped":
      return;
    case "rejected":
      return host.refuse(original, outcome.condition, outcome.details);
  }
}
