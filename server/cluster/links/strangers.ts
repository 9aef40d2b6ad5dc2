// Connections of whoever reaches the port and has not proven to be a member: few at once, and none for long.
import type { Socket } from "node:net";
import type { Clock } from "../../../xmpp/clock.ts";

/** Strangers at once. One more pushes out the oldest: a member proves itself in less time than so many need to connect. */
export const STRANGERS_LIMIT = 256;
/** ms that one has to prove to be a member, a handshake of TLS among it. */
export const PROOF_TIMEOUT = 5_000;

/** The strangers of one listener. A member's connection is none of them, however many there are. */
export class Strangers {
  private readonly clock: Clock;
  /** Oldest first. */
  private readonly sockets = new Set<Socket>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** A connection that was just accepted; call the answer once it has proven to be a member's. */
  add(socket: Socket): () => void {
    const timer = this.clock.setTimeout(() => socket.destroy(), PROOF_TIMEOUT);
    const over = () => {
      this.clock.clearTimeout(timer);
      this.sockets.delete(socket);
    };
    socket.on("error", () => {});
    socket.once("close", over);
    this.sockets.add(socket);
    if (this.sockets.size > STRANGERS_LIMIT) this.pushOut();
    return over;
  }

  /** None of them is waited for any more. */
  end(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private pushOut(): void {
    const [oldest] = this.sockets;
    if (oldest === undefined) return;
    this.sockets.delete(oldest);
    oldest.destroy();
  }
}
