// What a name in a talk stands for: somebody who sends, receives, and can be waited for.
import { NS_PING } from "../../xmpp/xml/namespaces.ts";
import { type Inbox, NothingCame, PATIENCE } from "./inbox.ts";
import type { Receiver } from "./match.ts";

/** A party of the talk. */
export interface Actor {
  readonly name: string;
  /** Content namespace of its streams. */
  readonly ns: string;
  readonly inbox: Inbox;
  readonly receiver: Receiver;
  /** True once it can take part in a barrier that orders stanzas. */
  readonly live: boolean;
  send(text: string): Promise<void> | void;
  sendBytes(bytes: Uint8Array): void;
  /** Resolves once all that the server had for this party has arrived. */
  barrier(): Promise<void>;
  /** Ends the stream in order. */
  close(): Promise<void>;
  /** Drops the connection. */
  cut(): void;
}

/** Who waits for which answer; told false when the connection ends first. */
export type Answers = Map<string, (came: boolean) => void>;

let barriers = 0;

/** A ping to ask through `ask`; resolves when its answer came. XEP-0199; an error is an answer as well. */
export function ping(
  answers: Answers,
  to: string,
  from: string | undefined,
  ask: (text: string) => void,
): Promise<void> {
  const id = `barrier-${++barriers}`;
  const answer = waitFor(answers, id, `the barrier's answer from ${to}`);
  const sender = from === undefined ? "" : ` from="${from}"`;
  ask(`<iq type="get" id="${id}"${sender} to="${to}"><ping xmlns="${NS_PING}"/></iq>`);
  return answer;
}

/** Waits for one answer. @throws NothingCame */
export function waitFor(answers: Answers, key: string, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      answers.delete(key);
      reject(new NothingCame(`${what} did not come within ${PATIENCE} ms`));
    }, PATIENCE);
    answers.set(key, (came) => {
      clearTimeout(timer);
      if (came) resolve();
      else reject(new NothingCame(`the connection ended before ${what}`));
    });
  });
}
