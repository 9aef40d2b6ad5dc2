// Stream management of incoming streams: counted, acknowledged, and kept a while for the peer to take up again. XEP-0198.
import { randomBytes } from "node:crypto";
import { blockOf } from "../../server/index.ts";
import type { Timer } from "../../xmpp/clock.ts";
import { enabledText, failedText, handledOf, resumedText, tooHighText } from "../../xmpp/management/elements.ts";
import { NS_SM } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { Ledger } from "../carrying/ledger.ts";
import type { Sender } from "../carrying/sender.ts";
import type { Pair } from "../outgoing/pair.ts";
import { giveToPairs } from "../outgoing/suspension.ts";
import type { FederationContext } from "../way/context.ts";
import type { Way } from "../way/way.ts";
import { suffices } from "./authorised-domains.ts";
import { Shares } from "./shares.ts";
import type { IncomingStream, Resumable } from "./stream.ts";

/** Broken streams that are kept at one time; beyond it whoever has most of them loses the oldest. */
const LIMIT = 5_000;
/** ms that our own stanzas wait for the peer to take up a broken bidirectional stream, before we connect ourselves. */
const HOLD = 10_000;

/** The streams of a node that may be resumed, by their secret id: those that are up, and those that broke. */
export class ResumableStreams {
  readonly context: FederationContext;
  /** Places of those that broke, by the network they came from and the domain they are of. */
  readonly broken = new Shares();
  private readonly byId = new Map<string, ManagedStream>();

  constructor(context: FederationContext) {
    this.context = context;
  }

  find(id: string): ManagedStream | undefined {
    return this.byId.get(id);
  }

  add(stream: ManagedStream): void {
    this.byId.set(stream.id, stream);
  }

  /** Takes a place for one that broke, and calls `forget` once it is another's; false where there is none. */
  keep(network: string, remote: string, forget: () => void): boolean {
    const { broken } = this;
    if (broken.size >= LIMIT && !broken.makeRoom(network, remote) && !broken.makeOwnRoom(network, remote)) return false;
    broken.add(network, forget, remote);
    return true;
  }

  delete(id: string): void {
    this.byId.delete(id);
  }

  /** This server is about to end: nobody waits for a peer to come back. */
  release(): void {
    for (const stream of this.byId.values()) stream.letGo();
  }
}

/** What outlives one connection. */
export class ManagedStream implements Resumable {
  /** Names it to whoever resumes it; unguessable. */
  readonly id = randomBytes(18).toString("base64url");
  readonly way: Way;
  session: IncomingStream;
  private readonly streams: ResumableStreams;
  private expiry: Timer | undefined;
  private release: Timer | undefined;
  /** Ours, where the broken stream was bidirectional. */
  private ledger: Ledger<Sender> | undefined;
  /** What was unacknowledged was given to another way. */
  private given = false;
  private held: Pair[] = [];
  /** Network of the connection that broke. */
  private network = "";
  /** The peer did not come back in time, or others need the place: nothing is kept any more. */
  private readonly forget = () => {
    this.unbroken();
    this.streams.delete(this.id);
    this.letGo();
  };

  /** `way`: the one that the stream was proven on first. */
  constructor(streams: ResumableStreams, session: IncomingStream, way: Way) {
    this.streams = streams;
    this.session = session;
    this.way = way;
  }

  /** The connection broke: waits to be resumed. `pairs` went over it, and `ledger` is what they have under way. */
  suspend(ledger: Ledger<Sender> | undefined, pairs: Pair[]): void {
    const { clock, config } = this.streams.context;
    this.ledger = ledger;
    this.held = pairs;
    for (const pair of pairs) pair.held = true;
    this.network = blockOf(this.session.stream.transport.remoteAddress);
    if (!this.streams.keep(this.network, this.way.remote, this.forget)) return this.forget();
    this.expiry = clock.setTimeout(this.forget, config.resumeSeconds * 1000);
    if (ledger !== undefined) this.release = clock.setTimeout(() => this.letGo(), HOLD);
  }

  /** Goes on over `session`; undefined is success, else what the peer claims exceeds this count of ours. */
  resume(session: IncomingStream, handled: number): number | undefined {
    const { clock } = this.streams.context;
    const old = this.session;
    clock.clearTimeout(this.release);
    this.unbroken();
    this.session = session;
    // A stream that its peer has given up, and we not yet, ends here.
    const pairs = [...this.held.splice(0), ...old.detach()];
    const ledger = this.ledger ?? old.carrier?.ledger;
    this.ledger = undefined;
    session.gate.manage(old.gate.counter);
    if (ledger !== undefined && !this.agree(ledger, handled)) {
      const { sent } = ledger;
      anotherWay(pairs, ledger);
      return sent;
    }
    session.stream.send(resumedText(this.id, session.gate.counter?.resume() ?? 0));
    if (ledger !== undefined) session.carrier?.takeOver(ledger);
    for (const { way, method } of old.domains.proofs())
      if (suffices(way.policy, method, session.stream.transport.encrypted)) session.authorise(way, method);
    // What went out on a stream for both ways is not lost where the peer takes it up one way only.
    if (session.carrier === undefined) anotherWay(pairs, ledger);
    else for (const pair of pairs) goOn(pair, session);
    session.reverse.offerAll();
    return undefined;
  }

  /** Counts on from what the peer had handled; false where that is more than was sent. */
  private agree(ledger: Ledger<Sender>, handled: number): boolean {
    const { given } = this;
    this.given = false;
    return given ? ledger.countFrom(handled) : ledger.acknowledge(handled);
  }

  /** Gives the place among those that broke back. */
  private unbroken(): void {
    this.streams.context.clock.clearTimeout(this.expiry);
    this.streams.broken.delete(this.network, this.forget, this.way.remote);
  }

  /** The peer did not come back in time: our stanzas find another way. */
  letGo(): void {
    this.streams.context.clock.clearTimeout(this.release);
    this.given ||= this.ledger !== undefined;
    anotherWay(this.held.splice(0), this.ledger);
  }
}

/** The pair goes over the stream that was resumed, where it is still proven there. */
function goOn(pair: Pair, { carrier, domains }: IncomingStream): void {
  if (carrier !== undefined && domains.has(pair.to, pair.from)) return pair.adopt(carrier);
  anotherWay([pair], undefined);
}

/** Pairs go another way from now on, with what they had under way. */
function anotherWay(pairs: readonly Pair[], ledger: Ledger<Sender> | undefined): void {
  for (const pair of pairs) pair.held = false;
  if (ledger !== undefined) giveToPairs(ledger);
  for (const pair of pairs) if (pair.queue.length > 0) pair.remote.need(pair);
}

/** Takes an element of stream management. */
export function acceptManagement(
  session: IncomingStream,
  streams: ResumableStreams,
  raw: RawElement,
): void | Promise<void> {
  const { stream, gate } = session;
  if (raw.xmlns !== NS_SM) return;
  if (!session.domains.any) return stream.fail("not-authorized", "no domain is proven on this stream");
  switch (raw.name) {
    case "r":
      return gate.asked();
    case "a":
      return session.carrier?.acknowledged(handledOf(raw));
    case "enable":
      return enable(session, streams, raw.attr("resume"));
    case "resume":
      return resume(session, streams, raw);
    default:
      return stream.fail("unsupported-stanza-type");
  }
}

function enable(session: IncomingStream, streams: ResumableStreams, resume: string | undefined): void {
  const { stream, gate } = session;
  const way = session.domains.first;
  if (gate.handled !== undefined || way === undefined) return stream.send(failedText("unexpected-request"));
  gate.manage();
  const resumable = resume === "true" || resume === "1";
  const managed = resumable ? new ManagedStream(streams, session, way) : undefined;
  if (managed !== undefined) {
    session.managed = managed;
    streams.add(managed);
  }
  stream.send(enabledText(managed && { id: managed.id, seconds: streams.context.config.resumeSeconds }));
  session.carrier?.counted();
  session.reverse.offerAll();
}

async function resume(session: IncomingStream, streams: ResumableStreams, raw: RawElement): Promise<void> {
  const { stream, gate } = session;
  const h = handledOf(raw);
  const managed = streams.find(raw.attr("previd") ?? "");
  const way = session.domains.first;
  if (h === undefined) return stream.fail("bad-format", "`h` is no count");
  if (gate.handled !== undefined) return stream.send(failedText("unexpected-request"));
  if (managed === undefined || managed.way.remote !== way?.remote || managed.way.local !== way.local)
    return stream.send(failedText("item-not-found"));
  // What the old stream brought and is not safe yet counts as handled once it is.
  await managed.session.gate.whenSafe();
  if (!stream.writable) return;
  // Others may have needed its place meanwhile.
  if (streams.find(managed.id) !== managed) return stream.send(failedText("item-not-found"));
  session.managed = managed;
  const sent = managed.resume(session, h);
  if (sent !== undefined)
    return stream.fail("undefined-condition", "more acknowledged than was sent", undefined, tooHighText(h, sent));
  const { remote, local } = managed.way;
  const stranger = { peer: stream.transport.remoteAddress, name: remote };
  streams.context.strangers.tell(stranger, { from: remote, to: local }, "s2s in resumed");
}
