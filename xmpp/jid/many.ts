// Many JIDs of one stanza, prepared a few at a time: preparing one may cost as much as taking a stanza.
import { Jid } from "./jid.ts";

/** JIDs prepared in one turn of the event loop; some are 0.5 ms of work. */
const TURN = 16;

/** Who prepares many waits for a turn here: of all of them together one goes on in each turn of the event loop. */
let lastTurn: Promise<unknown> = Promise.resolve();

function turn(): Promise<unknown> {
  lastTurn = lastTurn.then(() => new Promise(setImmediate));
  return lastTurn;
}

/**
 * Prepares JIDs in order, so that everybody else has a turn in between, however many streams ask for this at once;
 * undefined stands for text that is no JID. Bound the number of texts first. What is spent after the first turn is told
 * to `charge`, in ms: it is the stream's that asked (`ClientSession.charge`).
 */
export async function parseMany(
  texts: readonly string[],
  charge: (ms: number) => void = () => {},
): Promise<(Jid | undefined)[]> {
  const jids: (Jid | undefined)[] = [];
  for (let from = 0; from < texts.length; from += TURN) {
    if (from > 0) await turn();
    const started = performance.now();
    for (const text of texts.slice(from, from + TURN)) jids.push(Jid.tryParse(text));
    if (from > 0) charge(performance.now() - started);
  }
  return jids;
}
