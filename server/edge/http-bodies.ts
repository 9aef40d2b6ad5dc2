// Bodies of HTTP requests: within bytes and time, whole or as they come.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock, Timer } from "../../xmpp/clock.ts";

/** A body has more bytes than it may. */
export class BodyTooLarge extends Error {
  override name = "BodyTooLarge";
}

/** The time that a body has: from its beginning, where nobody says otherwise. */
export interface BodyTime {
  /** It is being waited for: it has as long again from now on. */
  again(): void;
  /** Nobody waits for it: its time stands still. */
  rest(): void;
}

/**
 * A body that has not come whole within `patience` ms ends its connection, with 408 where that is the next thing to be
 * said on it (RFC 9110 §15.5.9). Node's own `requestTimeout` makes no difference between one that comes and one that does not.
 */
export function timeBody(
  request: IncomingMessage,
  response: ServerResponse,
  { patience, clock }: { readonly patience: number; readonly clock: Clock },
): BodyTime {
  let timer: Timer | undefined;
  let over = !hasBody(request);
  const late = () => {
    const { socket } = request;
    // While an earlier request of the connection is answered, this response has no socket yet: it would be part of that.
    if (!response.headersSent && response.socket !== null)
      socket.write("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
    socket.destroySoon();
  };
  const rest = () => clock.clearTimeout(timer);
  const again = () => {
    rest();
    timer = over ? undefined : clock.setTimeout(late, patience);
  };
  const end = () => {
    over = true;
    rest();
  };
  again();
  request.once("end", end).once("close", end);
  return { again, rest };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/**
 * A body as it comes. Each piece has time of its own while somebody waits for it, and none passes while he does something
 * with the one before; whoever reads it no further leaves the connection as it is.
 * @throws BodyTooLarge, Error where it breaks off
 */
export async function* streamed(request: IncomingMessage, most: number, time: BodyTime): AsyncGenerator<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > most) throw new BodyTooLarge();
  let bytes = 0;
  time.again();
  // Its end must not end the connection, which is to carry the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length;
    if (bytes > most) throw new BodyTooLarge();
    time.rest();
    yield chunk as Buffer;
    time.again();
  }
}

const NO_TIME: BodyTime = { again: () => {}, rest: () => {} };

/** A whole body, in the time that it was given. @throws as `streamed` */
export async function whole(request: IncomingMessage, most: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of streamed(request, most, NO_TIME)) pieces.push(piece);
  return Buffer.concat(pieces);
}
