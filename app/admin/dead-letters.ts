// The dead letters of a running node over its admin socket: messages that no client could take.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { DeadLetter, MeridianServer } from "../../server/index.ts";
import { send } from "./socket.ts";

/** What an operator does with dead letters of every domain. */
export interface DeadLetterActions {
  /** Oldest first of each domain. @throws StoreUnavailable */
  list(): Promise<readonly DeadLetter[]>;
  /** True where there was one. @throws StoreUnavailable */
  remove(id: string): Promise<boolean>;
}

/** The actions on a server of this process. */
export function deadLetterActions({ router }: Pick<MeridianServer, "router">): DeadLetterActions {
  return {
    async list() {
      const found: DeadLetter[] = [];
      for (const host of router.hosts.values()) found.push(...(await host.deadLetters.list()));
      return found;
    },
    async remove(id) {
      for (const host of router.hosts.values()) if (await host.deadLetters.remove(id)) return true;
      return false;
    },
  };
}

/** Answers a request about dead letters; false for any other. */
export async function answerDeadLetters(
  actions: DeadLetterActions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://node");
  switch (`${request.method} ${pathname}`) {
    case "GET /dead-letters":
      send(response, 200, { letters: await actions.list() });
      return true;
    case "POST /dead-letters/remove":
      send(response, 200, { removed: await actions.remove(searchParams.get("id") ?? "") });
      return true;
    default:
      return false;
  }
}
