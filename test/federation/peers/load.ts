// Numbered messages from our user to a peer's while something happens to it: which of them are lost.
import type { Client } from "../../../bench/harness/client.ts";
import type { Federation } from "../../../federation/index.ts";

/** Who talks to whom, over which domain pair. */
export interface Load {
  readonly federation: Federation;
  readonly from: string;
  readonly to: string;
  readonly total: number;
  readonly romeo: Client;
  /** Bare JID. */
  readonly juliet: string;
  /** Logs juliet in, and does not make her available. */
  readonly julietLogsIn: () => Promise<Client>;
  /** After so many were sent. */
  readonly disturb: (sent: number) => Promise<void>;
  /** Brings the peer back, where the disturbance ended it. */
  readonly restart?: () => Promise<void>;
  /** The peer had no time to give its clients what it had acknowledged: that is its own loss. */
  readonly killed?: boolean;
}

/** Ms that the last may take. */
const PATIENCE = 60_000;

/** Resolves with the ids of those that neither arrived nor came back. */
export async function lostOf(load: Load): Promise<string[]> {
  const { federation, from, to, total, romeo, restart } = load;
  const seen = new NumberedMessages();
  const returned = new NumberedMessages();
  romeo.onText = returned.take;
  // All of her text is read from before she is available: what waited comes together with the answer to her presence.
  const arrive = async () => {
    const juliet = await load.julietLogsIn();
    juliet.onText = seen.take;
    juliet.send("<presence/>");
    return juliet;
  };
  let juliet = await arrive();
  const acknowledged = countAcknowledged(federation, from, to);
  for (let i = 0; i < total; i++) {
    romeo.send(`<message to='${load.juliet}' type='chat' id='n${i}'><body>${i}</body></message>`);
    await load.disturb(i);
    if (i % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  if (restart !== undefined) {
    await juliet.closed;
    await restart();
    juliet = await arrive();
  }
  federation.reset(to);
  const promised = () =>
    Array.from({ length: total }, (_, i) => i).slice(load.killed === true ? acknowledged.count : 0);
  const lost = () =>
    promised()
      .map((i) => `n${i}`)
      .filter((id) => !seen.ids.has(id) && !returned.ids.has(id));
  const deadline = Date.now() + PATIENCE;
  while (lost().length > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  acknowledged.stop();
  romeo.destroy();
  juliet.destroy();
  return lost();
}

/** How many messages of a pair the peer had acknowledged when the first stream that carried them ended. */
function countAcknowledged(federation: Federation, from: string, to: string) {
  let out = 0;
  const told = {
    count: 0,
    stop: federation.watch(to, ({ event, facts }) => {
      if (event === "stanza out" && facts.kind === "message") out++;
      if ((event !== "ended" && event !== "incoming ended") || told.count > 0) return;
      const pair = federation.outgoingStatus().find((status) => status.from === from && status.to === to);
      told.count = out - (pair?.unacknowledged ?? 0);
    }),
  };
  return told;
}

/** The ids of numbered messages in a client's text, whatever pieces it comes in. */
class NumberedMessages {
  readonly ids = new Set<string>();
  private rest = "";

  readonly take = (text: string): void => {
    const whole = this.rest + text;
    for (const [, id] of whole.matchAll(/<message[^>]*\sid=.(n[0-9]+)[^>]*>/g)) if (id !== undefined) this.ids.add(id);
    // A start tag may be cut anywhere.
    this.rest = whole.slice(Math.max(whole.lastIndexOf("<"), 0));
  };
}

/** The ids of messages that a client gets, errors apart. */
export function idsAt(client: Client): { readonly came: string[]; readonly errors: string[] } {
  const came: string[] = [];
  const errors: string[] = [];
  client.onText = (text) => {
    for (const [head, id] of text.matchAll(/<message[^>]*\sid=.(\w+)[^>]*/g))
      (/type=.error/.test(head) ? errors : came).push(id ?? "");
  };
  return { came, errors };
}
