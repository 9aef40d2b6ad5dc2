// Places shared among networks: whoever has most of them makes room for whoever has fewer. RFC 6120 §13.12.
import { networkOf } from "../../server/index.ts";

/** The block of addresses that one owner commonly has: IPv4 /24, IPv6 /48. */
export function blockOf(address: string): string {
  const network = networkOf(address);
  const separator = network.includes(":") ? ":" : ".";
  return network.split(separator).slice(0, 3).join(separator);
}

/** Places by network, each as what is called when it is taken away. */
export class Shares {
  private readonly places = new Map<string, Set<() => void>>();
  /** Places taken. */
  size = 0;

  add(network: string, place: () => void): void {
    const own = this.places.get(network);
    if (own === undefined) this.places.set(network, new Set([place]));
    else own.add(place);
    this.size++;
  }

  delete(network: string, place: () => void): void {
    const own = this.places.get(network);
    if (own?.delete(place) !== true) return;
    this.size--;
    if (own.size === 0) this.places.delete(network);
  }

  /** Takes the oldest place of the greediest network away for another; false where that would have as many itself. */
  makeRoom(network: string): boolean {
    const own = this.places.get(network)?.size ?? 0;
    let most: Set<() => void> | undefined;
    for (const places of this.places.values()) if (places.size > (most?.size ?? own + 1)) most = places;
    const [oldest] = most ?? [];
    if (most === undefined || oldest === undefined) return false;
    oldest();
    return true;
  }
}
