// Sessions that move between nodes because their client came to another one. XEP-0198 §5.

import { Jid } from "../../../xmpp/jid/jid.ts";
import { beyond } from "../../../xmpp/management/count.ts";
import { randomToken } from "../../../xmpp/random.ts";
import { presence } from "../../../xmpp/stanza/presence.ts";
import { follow, Safety } from "../../../xmpp/stanza/safety.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import type { ClientConnection } from "../../c2s/client-connection.ts";
import type { C2sContext } from "../../c2s/context.ts";
import { C2sSession } from "../../c2s/session.ts";
import type { Handover } from "../../c2s/stream-management/handover.ts";
import { memberOfId } from "../../c2s/stream-management/resumable.ts";
import { StreamManagement } from "../../c2s/stream-management/stream-management.ts";
import { quiet } from "../../c2s/stream-management-feature.ts";
import { inBackground } from "../../delivery/background.ts";
import { redeliverEach, redeliverInBackground } from "../../delivery/redeliver.ts";
import { logFailure } from "../../observe/failure.ts";
import type { NodeBus } from "../../ports/cluster.ts";
import type { ClientHost } from "../../ports/host.ts";
import { sharedKeys } from "../../ports/session.ts";
import { decodeFrames, encodeFrame } from "../bus/frames.ts";
import { stanzaFields, stanzaOfFields } from "../bus/stanza-codec.ts";
import { RemoteSession } from "./remote-session.ts";
import { entryOf, type SessionEntry } from "./session-entry.ts";
import type { RedisSessionRegistry } from "./session-registry.ts";
import { UnsafeElsewhere } from "./unsafe.ts";

/** ms that a node has to give a session up; it waits for what is not safe yet. */
const GIVE_TIMEOUT = 8_000;

/** ms that a session may come later than that. */
const LATE = 30_000;

/** A session on its way. */
interface Moving extends SessionEntry {
  readonly id: string;
  readonly handled: number;
  /** Stanzas sent before the unacknowledged ones that come with it. */
  readonly sent: number;
  /** What its node took beyond the handled ones, as prints. */
  readonly unsafe: readonly string[];
  /** Places of the unacknowledged ones that another session of the account was given; older nodes do not tell. */
  readonly lent?: readonly number[];
  /** As in `SmStart`. */
  readonly fruitless?: number;
}

/** A session that came from another node. */
interface Arrival {
  readonly from: string;
  /** Whose client asked for it; undefined where that one is gone. */
  readonly connection: ClientConnection | undefined;
  readonly moving: Moving;
}

/** Gives sessions to other nodes, and takes theirs. */
export class ClusterHandover implements Handover {
  private readonly context: C2sContext;
  private readonly bus: NodeBus;
  private readonly registry: RedisSessionRegistry;
  private readonly unsafe: UnsafeElsewhere;
  /** What was asked of other nodes, by request. */
  private readonly asked = new Map<string, { connection: ClientConnection; answered: (found: boolean) => void }>();

  constructor(context: C2sContext, bus: NodeBus, registry: RedisSessionRegistry) {
    this.context = context;
    this.bus = bus;
    this.registry = registry;
    this.unsafe = new UnsafeElsewhere(bus, (error) => logFailure(context.log, error, "a stanza was not taken anew"));
    bus.take("session.take", (from, fields, done) => {
      done();
      inBackground(this.give(from, fields), context.log);
    });
    bus.take("session.give", (from, fields, done) => this.taken(from, fields, done));
    bus.take("session.stray", (from, [jid = ""], done) => {
      this.stray(from, Jid.parse(jid));
      done();
    });
  }

  async fetch(connection: ClientConnection, previd: string): Promise<number | undefined> {
    const first = memberOfId(previd);
    if (first === undefined) return undefined;
    const { others } = this.bus;
    // Where it began, most likely; it may have moved since.
    if (others.includes(first) && (await this.ask(first, connection, previd))) return undefined;
    const rest = others.filter((member) => member !== first);
    const found = await Promise.all(rest.map((member) => this.ask(member, connection, previd)));
    return found.includes(true) ? undefined : this.registry.handledOf(previd);
  }

  /** True once the session is here; whoever gives it later than that finds one that waits to be resumed. */
  private ask(member: string, connection: ClientConnection, previd: string): Promise<boolean> {
    const request = randomToken(9);
    const { clock } = this.context;
    return new Promise<boolean>((resolve) => {
      const release = this.holdFor(connection, member);
      const timer = clock.setTimeout(() => {
        answered(false);
        // Who gives later than that finds the connection still, for a while: the session waits to be resumed.
        clock.setTimeout(() => this.asked.delete(request), LATE);
      }, GIVE_TIMEOUT);
      const answered = (found: boolean) => {
        clock.clearTimeout(timer);
        release();
        resolve(found);
      };
      this.asked.set(request, { connection, answered });
      const account = connection.account?.bare ?? "";
      const failed = () => {
        this.asked.delete(request);
        answered(false);
      };
      this.bus.send(member, { kind: "session.take", fields: [request, previd, account], confirmed: nothing, failed });
    });
  }

  /**
   * What this node would send to the account's sessions there waits, or it would come back behind what is said here
   * meanwhile. Returns what lets it go: to where each session is then.
   */
  private holdFor({ account, host }: ClientConnection, member: string): () => void {
    const all = host?.sessions.of(account?.local ?? "") ?? [];
    const there = all.filter((one) => one instanceof RemoteSession).filter((one) => one.member === member);
    for (const one of there) one.hold();
    return () => {
      for (const one of there) one.release(host?.sessions.find(one.jid) ?? one);
    };
  }

  /** Another node's client wants a session of ours. */
  private async give(to: string, [request = "", id = "", account = ""]: readonly string[]): Promise<void> {
    const sm = this.context.resumable.find(id);
    const theirs = sm?.session.account.bare === account;
    if (theirs) await quiet(sm);
    // Two may have asked at once: it is looked for again.
    if (theirs && this.context.resumable.find(id) === sm) this.send(to, request, sm);
    else this.bus.send(to, { kind: "session.give", fields: [request, ""], confirmed: nothing, failed: nothing });
  }

  private send(to: string, request: string, sm: StreamManagement): void {
    const { session } = sm;
    const { host, connection } = session;
    session.unpause();
    session.gate?.flush();
    session.gate = undefined;
    const kept = sm.outstanding.slice();
    const handled = sm.handled.resume();
    const lent = sm.lentPlaces;
    const fruitless = sm.sendingAgain.fruitlessStreams;
    const unsafe = this.unsafe.give(sm.handled, sm.id, to);
    const sent = beyond(sm.sent, -kept.length);
    const moving: Moving = {
      ...entryOf(session, true),
      id: sm.id,
      handled,
      sent,
      unsafe: unsafe.prints,
      lent,
      fruitless,
    };
    sm.leave();
    const there = this.registry.elsewhere.standIn(session, to, host);
    session.moved(there);
    connection?.stream.fail("conflict", "the session was resumed by another stream");
    const stanzas = kept.map(({ stanza }) => encodeFrame("", stanzaFields(stanza))).join("");
    this.bus.send(to, {
      kind: "session.give",
      fields: [request, JSON.stringify(moving), stanzas],
      confirmed: () =>
        sm.release(
          kept.filter(({ lent }) => !lent),
          "safe elsewhere",
        ),
      failed: () => inBackground(redeliverEach(host, { items: kept, release: sm.release.bind(sm) }), this.context.log),
    });
    const passing = sm.passOn(there);
    this.context.resumable.ends(passing);
    inBackground(passing, this.context.log);
    unsafe.tell();
  }

  /** What we asked for comes, or that it is not there. */
  private taken(from: string, [request = "", state = "", stanzas = ""]: readonly string[], done: () => void): void {
    const asked = this.asked.get(request);
    this.asked.delete(request);
    const safety = new Safety(done);
    const moving: Moving | undefined = state === "" ? undefined : JSON.parse(state);
    const found =
      moving !== undefined && this.settleOrRedeliver({ from, connection: asked?.connection, moving }, stanzas, safety);
    if (moving !== undefined && !found)
      this.bus.send(from, { kind: "session.stray", fields: [moving.jid], confirmed: nothing, failed: nothing });
    safety.release("passed on");
    asked?.answered(found);
  }

  /** A session that was given away found no place: it is over. */
  private stray(to: string, jid: Jid): void {
    const host = this.context.hosts.get(jid.domain);
    const standIn = host?.sessions.find(jid);
    if (host === undefined || !(standIn instanceof RemoteSession) || standIn.member !== to) return;
    // It has another one there by now, which that node has told of.
    if (this.registry.elsewhere.tells(standIn)) return;
    host.sessions.remove(standIn);
    this.registry.ended(standIn);
    const last = standIn.available ? presence(jid, jid.toBare(), "unavailable") : undefined;
    host.emit("session.ended", { session: standIn, last });
  }

  /** True where the session is here now; else what came with it goes where undelivered stanzas go. */
  private settleOrRedeliver(arrival: Arrival, stanzas: string, safety: Safety): boolean {
    const { connection, moving } = arrival;
    const host = this.context.hosts.get(Jid.parse(moving.jid).domain);
    if (host === undefined) return false;
    const unacked = decodeFrames(stanzas).map(({ fields }) => stanzaOfFields(fields));
    try {
      if (connection !== undefined && this.settle(arrival, connection, host)) {
        const sm = this.context.resumable.find(moving.id) as StreamManagement;
        for (const [place, stanza] of unacked.entries()) {
          const lent = moving.lent?.includes(place) === true;
          if (!lent) follow(stanza, safety);
          sm.keep(stanza, lent);
        }
        sm.expire();
        void host.registry.handled(moving.id, moving.handled);
        return true;
      }
    } catch (error) {
      logFailure(this.context.log, error, "a session of another node could not be taken over", { jid: moving.jid });
    }
    for (const [place, stanza] of unacked.entries()) {
      if (moving.lent?.includes(place) === true) continue;
      follow(stanza, safety);
      redeliverInBackground(host, stanza, safety.hold());
    }
    return false;
  }

  /**
   * Makes the session one of ours that waits to be resumed, in the hands of the connection that asked. False where its
   * client has bound the resource anew meanwhile.
   */
  private settle({ from, moving }: Arrival, connection: ClientConnection, host: ClientHost): boolean {
    const jid = Jid.parse(moving.jid);
    const there = host.sessions.find(jid);
    if (there !== undefined && !there.remote) return false;
    const last = moving.presence === undefined ? undefined : Stanza.fromText(moving.presence);
    const session = new C2sSession(host, jid, connection, moving.since);
    session.connection = undefined;
    for (const [name, value] of Object.entries(moving.facts)) {
      const key = sharedKeys.get(name);
      if (key?.shared !== undefined) session.set(key, key.shared.fromJson(value));
    }
    if (there === undefined) host.sessions.add(session);
    else host.sessions.replace(there, session);
    session.presence = last;
    session.priority = moving.priority;
    session.interested = moving.interested;
    const { resumable: registry, streamManagement: settings } = this.context;
    const start = { ...moving, unsafe: this.unsafe.come(moving.unsafe, moving.id, from) };
    const sm = new StreamManagement({ session, registry, resumable: true, settings, start });
    session.sm = sm;
    session.outlet = sm;
    host.registry.bound(session);
    return true;
  }
}

function nothing(): void {}
