// Connections to the other members: one for each pair, which the member with the lower name opens.
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { Logger } from "pino";
import type { Clock, Timer } from "../../../xmpp/clock.ts";
import { inBackground } from "../../delivery/background.ts";
import type { DirectWay } from "../bus/wire.ts";
import { Link, type LinkEvents } from "./link.ts";
import { AskingProof } from "./proof.ts";
import { KEY_BYTES, type LinkRecord, type LinkRecords } from "./records.ts";
import { connectToMember, type Listener, listenForMembers, refusesConnections } from "./sockets.ts";

/** ms until a member is tried again that could not be reached; doubled each time up to the limit. */
const FIRST_AGAIN = 250;
const LAST_AGAIN = 30_000;
/** ms that others have to hear what was said last. */
const FINISH = 1_000;

/** What is told of them. */
export interface LinksEvents {
  up(member: string): void;
  text(member: string, text: string): void;
  /** It broke. What was under way may be lost; where it was this side that ended it nothing is told. */
  down(member: string): void;
}

/** What they rest on. */
export interface LinksParts {
  /** This node's name as a member at the moment. */
  readonly self: () => string;
  readonly records: Pick<LinkRecords, "tell" | "of" | "forget">;
  /** Address and port to listen on; `told` is the address that the others are told. */
  readonly listen: { readonly address: string; readonly port: number; readonly told: string };
  readonly tls: boolean;
  /** ms between two signs of life. */
  readonly heartbeat: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A member that lives. */
interface Known {
  link: Link | undefined;
  connecting: boolean;
  again: number;
  timer: Timer | undefined;
}

/** One node's connections to the others. */
export class Links implements DirectWay {
  private readonly parts: LinksParts;
  private readonly events: LinksEvents;
  private readonly key = randomBytes(KEY_BYTES);
  private readonly known = new Map<string, Known>();
  /** Every connection that is open, those of strangers among them. */
  private readonly open = new Set<Link>();
  private listener: Listener | undefined;
  private timer: Timer | undefined;
  private over = false;

  constructor(parts: LinksParts, events: LinksEvents) {
    this.parts = parts;
    this.events = events;
  }

  /** Listens, and tells the others where. A node that cannot listen has the wire alone. */
  async begin(): Promise<void> {
    const { listen, tls, log, heartbeat, clock } = this.parts;
    if (this.listener !== undefined) return;
    try {
      this.listener = await listenForMembers({ ...listen, tls, key: this.key }, clock, (socket, proven) =>
        this.taken(socket, proven),
      );
    } catch (error) {
      const { address, port } = listen;
      log.warn({ reason: (error as Error).message, address, port }, "cluster.links: other nodes cannot connect here");
      return;
    }
    this.beatAfter(heartbeat);
    await this.tell();
  }

  send(member: string, text: string): boolean {
    return this.known.get(member)?.link?.send(text) === true;
  }

  /** A member lives. */
  met(member: string): void {
    if (this.over || this.known.has(member)) return;
    this.known.set(member, { link: undefined, connecting: false, again: FIRST_AGAIN, timer: undefined });
    this.connect(member);
  }

  /** A member is gone. */
  gone(member: string): void {
    const known = this.known.get(member);
    this.known.delete(member);
    this.parts.clock.clearTimeout(known?.timer);
    known?.link?.destroy();
  }

  /** True where there is a connection to the member. */
  isUp(member: string): boolean {
    return this.known.get(member)?.link !== undefined;
  }

  /** True where nobody listens any more at the member's port, and its machine says so. @throws as Redis */
  async refuses(member: string): Promise<boolean> {
    const record = await this.parts.records.of(member);
    return record !== undefined && (await refusesConnections(record));
  }

  /** This node goes on as another member, and is met anew by the others. */
  async becomes(was: string): Promise<void> {
    for (const member of [...this.known.keys()]) this.gone(member);
    await this.parts.records.forget(was);
    await this.tell();
  }

  /** Ends every connection once what was said on it has been heard, or a while later. @throws as Redis */
  async finish(): Promise<void> {
    this.over = true;
    this.listener?.close();
    const ends = [...this.open].map((link) => link.finish());
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = this.parts.clock.setTimeout(resolve, FINISH);
    });
    await Promise.race([Promise.all(ends), late]);
    this.parts.clock.clearTimeout(timer);
    this.close();
    await this.parts.records.forget(this.parts.self());
  }

  /** Ends every connection without a word. */
  close(): void {
    this.over = true;
    this.parts.clock.clearTimeout(this.timer);
    this.listener?.close();
    for (const member of [...this.known.keys()]) this.gone(member);
    for (const link of this.open) link.destroy();
  }

  private async tell(): Promise<void> {
    const { records, self, listen } = this.parts;
    if (this.listener === undefined || this.over) return;
    const { port } = this.listener;
    await records.tell(self(), { host: listen.told, port, key: this.key });
  }

  private beatAfter(ms: number): void {
    this.timer = this.parts.clock.setTimeout(() => {
      this.beat();
      this.beatAfter(ms);
    }, ms);
  }

  private beat(): void {
    for (const link of this.open) link.beat();
    // Redis that is away has it at a later beat.
    this.tell().catch(() => {});
  }

  /** Somebody connected, who has yet to prove that he is a member. */
  private taken(socket: Socket, proven: () => void): void {
    const { self, clock } = this.parts;
    this.add(new Link(socket.unref(), { proof: { key: this.key, self: self(), proven }, clock }, this.ofLinks));
  }

  private add(link: Link): void {
    if (this.over) return link.destroy();
    this.open.add(link);
  }

  private connect(member: string): void {
    const known = this.known.get(member);
    if (known === undefined || this.parts.self() > member || known.link !== undefined || known.connecting) return;
    known.connecting = true;
    const reached = this.reach(member).finally(() => {
      known.connecting = false;
    });
    inBackground(
      reached.then((done) => {
        if (!done) this.later(member, known);
      }),
      this.parts.log,
    );
  }

  /** True once a connection is there, whatever becomes of it. */
  private async reach(member: string): Promise<boolean> {
    const { records, self, tls, clock } = this.parts;
    const record = await this.recordOf(member, records);
    if (record === undefined) return false;
    const socket = await connectToMember(record, tls);
    if (socket === undefined) return false;
    const proof = new AskingProof(record.key, { from: self(), to: member });
    this.add(new Link(socket, { proof, clock }, this.ofLinks));
    return true;
  }

  private async recordOf(member: string, records: Pick<LinkRecords, "of">): Promise<LinkRecord | undefined> {
    try {
      return await records.of(member);
    } catch {
      return undefined;
    }
  }

  private later(member: string, known: Known): void {
    if (this.known.get(member) !== known) return;
    this.parts.clock.clearTimeout(known.timer);
    known.timer = this.parts.clock.setTimeout(() => this.connect(member), known.again);
    known.again = Math.min(2 * known.again, LAST_AGAIN);
  }

  private readonly ofLinks: LinkEvents = {
    up: (link, member) => {
      const known = this.known.get(member);
      // Who is no member yet is met when he is: he tries again then.
      if (known === undefined) return link.destroy();
      const before = known.link;
      known.link = link;
      known.again = FIRST_AGAIN;
      // The other side began anew: it has given the old one up.
      before?.destroy();
      this.events.up(member);
    },
    text: (member, text) => this.events.text(member, text),
    closed: (link, member) => {
      this.open.delete(link);
      const known = this.known.get(member ?? "");
      if (member === undefined || known === undefined) return;
      if (known.link === link) {
        known.link = undefined;
        this.events.down(member);
      }
      if (known.link === undefined) this.later(member, known);
    },
  };
}
