// How many connections each address has to a node, over all listeners for clients.
import type { Socket } from "node:net";
import { networkOf } from "../networks.ts";

/** Counts connections by address, a whole /64 of IPv6 as one, and refuses what is too many. */
export class AddressCount {
  private readonly limit: number;
  private readonly counts = new Map<string, number>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Counts a socket until it closes; false (and the socket dropped) where its address has too many. */
  admit(socket: Socket): boolean {
    const address = networkOf(socket.remoteAddress ?? "");
    const count = this.counts.get(address) ?? 0;
    if (count >= this.limit) {
      socket.destroy();
      return false;
    }
    this.counts.set(address, count + 1);
    socket.once("close", () => {
      const left = (this.counts.get(address) ?? 1) - 1;
      if (left === 0) this.counts.delete(address);
      else this.counts.set(address, left);
    });
    return true;
  }
}
