// Stanzas to other domains leave by one node for each domain pair, so that their order holds over the whole cluster.

import { type Fate, type PassedOn, Safety } from "../../../xmpp/stanza/safety.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import type { NodeBus } from "../../ports/cluster.ts";
import type { InboundStanzas, RemoteLink, RemoteRouter } from "../../ports/delivery.ts";
import { stanzaFields, stanzaOfFields } from "../bus/stanza-codec.ts";
import { Pinning } from "../ownership/pinning.ts";

/** Stanzas of one pair that may wait for those before them. */
const HELD_LIMIT = 1_000;
/** Characters that may. */
const HELD_SIZE = 4_194_304;

/** A domain pair with something under way. */
interface Pair {
  readonly name: string;
  /** Member that has what is under way. */
  member: string;
  underWay: number;
  /** They wait until what is under way elsewhere has arrived. */
  held: Stanza[];
  heldSize: number;
  /** It goes on right now: what settles at once does not begin it anew. */
  going: boolean;
}

interface Sent {
  readonly stanza: Stanza;
  readonly pair: Pair;
}

/**
 * Gives each stanza to the node that its domain pair is pinned to. That node's own way to other domains owns it there;
 * this node keeps it until it hears that the peer has it, or that it was given back. A node that dies gives what it had
 * under way to the next one; requests, which must not be done twice, go back to their senders.
 *
 * Frames: `s2s.out` (number, stanza) is confirmed as soon as it is taken, so that a slow domain fills no bus;
 * `s2s.settled` (numbers) says later which are done. `s2s.leaving` is announced by a node that drains.
 */
export class PinnedRouter implements RemoteRouter {
  private readonly bus: NodeBus;
  private readonly remote: RemoteRouter;
  private readonly inbound: InboundStanzas;
  private readonly pinning: Pinning;
  private readonly pairs = new Map<string, Pair>();
  /** Given to other members and not settled, by member, in order. */
  private readonly sent = new Map<string, Map<string, Sent>>();
  private readonly leaving = new Set<string>();
  private settled = new Map<string, string[]>();
  private self: string;
  private sequence = 0;
  private left = false;
  private closed = false;

  /** `remote`: this node's own way; `inbound`: takes back what cannot be delivered. */
  constructor(bus: NodeBus, remote: RemoteRouter, inbound: InboundStanzas) {
    this.bus = bus;
    this.self = bus.member;
    this.remote = remote;
    this.inbound = inbound;
    this.pinning = new Pinning(this.candidates());
    bus.take("s2s.out", (from, fields, done) => this.take(from, fields, done));
    bus.take("s2s.settled", (from, [numbers = ""], done) => {
      for (const number of numbers.split(" ")) this.arrived(from, number);
      done();
    });
    bus.onAnnouncement("s2s.leaving", (from) => {
      this.leaving.add(from);
      this.changed();
    });
    bus.onMember((member, state) => {
      if (state === "died") return this.died(member);
      if (this.left) bus.announce("s2s.leaving", []);
      this.changed();
    });
  }

  route(stanza: Stanza): void {
    // Taken for dead, a node goes on under another name.
    if (this.self !== this.bus.member) this.changed();
    const name = `${stanza.from?.domain} ${stanza.to?.domain}`;
    const pair = this.pairs.get(name) ?? this.newPair(name);
    if (pair.held.length >= HELD_LIMIT || pair.heldSize >= HELD_SIZE)
      return this.inbound.returned(stanza, "resource-constraint", `too much waits for ${stanza.to?.domain}`);
    if (pair.held.length === 0 && this.mayGo(pair)) return this.give(pair, stanza);
    stanza.safety?.hold();
    pair.held.push(stanza);
    pair.heldSize += stanza.size;
  }

  links(): readonly RemoteLink[] {
    return this.remote.links?.() ?? [];
  }

  answered(answer: Stanza): boolean {
    return this.remote.answered?.(answer) === true;
  }

  /** This node is about to go: pairs move to others as soon as what is under way here has arrived. */
  leave(): void {
    this.left = true;
    this.bus.announce("s2s.leaving", []);
    this.changed();
  }

  /** This node's own way to other domains is shut: what comes now is for who comes after. */
  close(): void {
    this.closed = true;
  }

  /** True where a domain pair is this node's. */
  isHere(local: string, remote: string): boolean {
    return !this.left && this.pinning.of(`${local} ${remote}`) === this.bus.member;
  }

  /** Stanzas that this node answers for. */
  get waiting(): number {
    let count = 0;
    for (const { underWay, held } of this.pairs.values()) count += underWay + held.length;
    return count;
  }

  private newPair(name: string): Pair {
    const pair: Pair = { name, member: this.pinning.of(name), underWay: 0, held: [], heldSize: 0, going: false };
    this.pairs.set(name, pair);
    return pair;
  }

  private mayGo(pair: Pair): boolean {
    return pair.underWay === 0 || pair.member === this.pinning.of(pair.name);
  }

  private give(pair: Pair, stanza: Stanza): void {
    pair.member = this.pinning.of(pair.name);
    pair.underWay++;
    const outer = stanza.safety?.hold();
    if (pair.member !== this.bus.member) return this.send(pair, stanza);
    const safety = new Safety(({ fate }) => {
      stanza.safety = outer;
      outer?.release(fate);
      this.less(pair);
    }, outer);
    stanza.safety = safety;
    void this.remote.route(stanza);
    safety.release("passed on");
  }

  private send(pair: Pair, stanza: Stanza): void {
    const { member } = pair;
    const number = String(++this.sequence);
    const sent = this.sent.get(member) ?? new Map<string, Sent>();
    this.sent.set(member, sent.set(number, { stanza, pair }));
    this.bus.send(member, {
      kind: "s2s.out",
      fields: [number, ...stanzaFields(stanza)],
      confirmed: () => {},
      failed: (reason) => {
        // Where the member died its stanzas were taken back already.
        if (!sent.delete(number)) return;
        this.inbound.returned(
          stanza,
          reason === "full" ? "resource-constraint" : "remote-server-timeout",
          reason === "full" ? `too much waits for ${stanza.to?.domain}` : "the node on the way is gone",
        );
        this.done(pair, stanza, "passed on");
      },
    });
  }

  private arrived(member: string, number: string): void {
    const sent = this.sent.get(member);
    const known = sent?.get(number);
    if (known === undefined) return;
    sent?.delete(number);
    this.done(known.pair, known.stanza, "safe elsewhere");
  }

  private done(pair: Pair, stanza: Stanza, as: Fate | PassedOn): void {
    stanza.safety?.release(as);
    this.less(pair);
  }

  private less(pair: Pair): void {
    pair.underWay--;
    this.goOn(pair);
  }

  private goOn(pair: Pair): void {
    if (pair.going) return;
    pair.going = true;
    while (pair.held.length > 0 && this.mayGo(pair)) {
      const stanza = pair.held.shift() as Stanza;
      pair.heldSize -= stanza.size;
      const { safety } = stanza;
      this.give(pair, stanza);
      safety?.release("passed on");
    }
    pair.going = false;
    if (pair.underWay === 0 && pair.held.length === 0) this.pairs.delete(pair.name);
  }

  private changed(): void {
    this.self = this.bus.member;
    this.pinning.change(this.candidates());
    for (const pair of [...this.pairs.values()]) this.goOn(pair);
  }

  private candidates(): string[] {
    const { bus, leaving } = this;
    const staying = bus.others.filter((other) => !leaving.has(other));
    if (this.left && staying.length > 0) return staying;
    return [bus.member, ...staying];
  }

  private died(member: string): void {
    this.leaving.delete(member);
    this.settled.delete(member);
    const sent = this.sent.get(member);
    const lost = [...(sent?.values() ?? [])];
    sent?.clear();
    this.sent.delete(member);
    const again = new Map<Pair, Stanza[]>();
    for (const { pair, stanza } of lost) {
      pair.underWay--;
      const before = again.get(pair);
      if (!mayBeSentAgain(stanza)) this.giveBack(stanza);
      else if (before === undefined) again.set(pair, [stanza]);
      else before.push(stanza);
    }
    // In their order, before everything that came later.
    for (const [pair, stanzas] of again) {
      pair.held.unshift(...stanzas);
      for (const stanza of stanzas) pair.heldSize += stanza.size;
    }
    this.changed();
  }

  private giveBack(stanza: Stanza): void {
    const text = "the node that had it on its way is gone; whether it arrived is not known";
    this.inbound.returned(stanza, "remote-server-timeout", text);
    stanza.safety?.release("passed on");
  }

  /** A stanza of another node whose pair is pinned here. */
  private take(from: string, [number = "", ...fields]: readonly string[], done: () => void): void {
    // Its node keeps it, and routes it anew when this one is gone.
    done();
    // It has not heard it yet.
    if (this.left) this.bus.announce("s2s.leaving", []);
    if (this.closed) return;
    const safety = new Safety(() => this.tellSettled(from, number));
    try {
      const stanza = stanzaOfFields(fields);
      stanza.safety = safety;
      void this.remote.route(stanza);
    } finally {
      safety.release("passed on");
    }
  }

  private tellSettled(member: string, number: string): void {
    if (this.settled.size === 0) setImmediate(() => this.flush());
    const numbers = this.settled.get(member);
    if (numbers === undefined) this.settled.set(member, [number]);
    else numbers.push(number);
  }

  private flush(): void {
    const { settled } = this;
    this.settled = new Map();
    for (const [member, numbers] of settled)
      this.bus.send(member, {
        kind: "s2s.settled",
        fields: [numbers.join(" ")],
        confirmed: () => {},
        failed: () => {},
      });
  }
}

/** A request done twice may do harm, and its sender waits for an answer anyway. */
function mayBeSentAgain({ kind, type }: Stanza): boolean {
  return kind !== "iq" || (type !== "get" && type !== "set");
}
