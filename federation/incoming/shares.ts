// Places shared among networks and peers: whoever has most of them makes room for whoever has fewer. RFC 6120 §13.12.

/** What is called when a place is taken away. */
type Place = () => void;

/** The places of one network, by owner. */
interface Network {
  size: number;
  readonly owners: Map<string, Set<Place>>;
}

/**
 * Places by network and, where a network has several peers, by owner: names are free to whoever has a network, and a
 * network to whoever shares it.
 */
export class Shares {
  private readonly networks = new Map<string, Network>();
  /** Places taken. */
  size = 0;

  add(network: string, place: Place, owner = ""): void {
    const own = this.networks.get(network) ?? { size: 0, owners: new Map<string, Set<Place>>() };
    this.networks.set(network, own);
    const places = own.owners.get(owner);
    if (places === undefined) own.owners.set(owner, new Set([place]));
    else places.add(place);
    own.size++;
    this.size++;
  }

  delete(network: string, place: Place, owner = ""): void {
    const own = this.networks.get(network);
    const places = own?.owners.get(owner);
    if (own === undefined || places?.delete(place) !== true) return;
    this.size--;
    own.size--;
    if (places.size === 0) own.owners.delete(owner);
    if (own.size === 0) this.networks.delete(network);
  }

  /**
   * Takes the oldest place of the greediest owner in the greediest network away for another one; false where those would
   * have as many themselves.
   */
  makeRoom(network: string, owner = ""): boolean {
    const own = this.networks.get(network);
    const greediest = mostOf(this.networks.values(), own?.size ?? 0);
    if (greediest !== undefined) return leave(mostOf(greediest.owners.values(), -1));
    return leave(mostOf(own?.owners.values() ?? [], own?.owners.get(owner)?.size ?? 0));
  }

  /** Takes the oldest place of an owner away, for another one of its own; false where it has none. */
  makeOwnRoom(network: string, owner = ""): boolean {
    return leave(this.networks.get(network)?.owners.get(owner));
  }
}

/** The largest, where it is larger than one with `own` would be with one more. */
function mostOf<T extends { readonly size: number }>(all: Iterable<T>, own: number): T | undefined {
  let most: T | undefined;
  for (const one of all) if (one.size > (most?.size ?? own + 1)) most = one;
  return most;
}

function leave(places: Set<Place> | undefined): boolean {
  const [oldest] = places ?? [];
  oldest?.();
  return oldest !== undefined;
}
