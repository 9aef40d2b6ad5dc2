// ANONYMOUS: an account with a random name that lives as long as its stream. RFC 4505, XEP-0175.
import { randomUUID } from "node:crypto";
import { failure, OUT_OF_TURN } from "./failure.ts";
import type { SaslMechanism } from "./mechanism.ts";

/** Most characters of the trace information. RFC 4505 §2. */
const MAX_TRACE = 255;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** ANONYMOUS. Off unless the configuration says otherwise. What the client says of itself is not kept. */
export const anonymous: SaslMechanism = {
  name: "ANONYMOUS",
  available: (context) => context.anonymous === true,
  begin: () => {
    let ended = false;
    return {
      step: (data) => {
        if (ended) return OUT_OF_TURN;
        ended = true;
        if (!isTrace(data)) return failure("malformed-request");
        return { kind: "success", local: randomUUID(), anonymous: true };
      },
    };
  },
};

function isTrace(data: Buffer): boolean {
  try {
    const text = utf8.decode(data);
    return [...text].length <= MAX_TRACE && !/\p{Cc}/u.test(text);
  } catch {
    return false;
  }
}
