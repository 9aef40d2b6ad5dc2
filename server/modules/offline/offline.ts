// Messages kept for an account that had no resource to take them. XEP-0160.

import { clone } from "ltx";
import { OfflineSettings } from "../../../contract/modules/offline.ts";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { arrivalOf } from "../../../xmpp/stanza/arrival.ts";
import { withDelay } from "../../../xmpp/stanza/delay.ts";
import { Safety } from "../../../xmpp/stanza/safety.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { NS_DELAY } from "../../../xmpp/xml/namespaces.ts";
import { inBackground } from "../../delivery/background.ts";
import { promisedKey } from "../../delivery/promised.ts";
import { readBack } from "../../delivery/redeliver.ts";
import { StillStored, stillStoredKey } from "../../delivery/still-stored.ts";
import { handled, pass, reject, replace, type Verdict } from "../../delivery/verdict.ts";
import { fateOf, NOT_WORTH_KEEPING } from "../../delivery/worth-keeping.ts";
import { defineModule, type ModuleHost } from "../../module/define.ts";
import { Persistent } from "../../persistent.ts";
import type { ClientSession, OwnSession } from "../../ports/session.ts";
import { type Rosters, rostersApi } from "../roster/api.ts";
import { fromAsleep } from "./asleep.ts";
import { isAble, Looks } from "./looks.ts";
import { Owed } from "./owed.ts";
import { Shares } from "./shares.ts";
import { OFFLINE } from "./store.ts";
import { decide, FULL, isUndecided } from "./undecided.ts";

/** Messages of one account where some were promised. */
const PROMISED_LIMIT = 1_000_000;

/** Messages delivered between two removals from the store. */
const BATCH = 50;

const stored = handled("stored");
const dropped = handled(NOT_WORTH_KEEPING);

/** The offline module. */
export const offline = defineModule({
  name: "offline",
  implements: ["XEP-0160 1.0.1", "XEP-0203 2.0", "XEP-0334 0.4.0"],
  stores: [OFFLINE],
  needs: ["disco", "roster"],
  config: OfflineSettings,
  activate(host, config) {
    const kept: Kept = {
      host,
      flushing: new Map(),
      owed: new Owed(),
      persistent: new Persistent(host, "delivery of kept messages"),
      shares: new Shares(host.domain, config.maxMessages),
      rosters: host.use(rostersApi),
      most: config.maxMessages,
    };
    host.disclose("host", { features: ["msgoffline"] });
    host.stage("account.undelivered", "offline.keep", { kinds: ["message"] }, (stanza, { account, exists }) => {
      const { fate } = fateOf(stanza);
      if (fate === "drop") return dropped;
      return fate === "keep" && exists ? keep(kept, account.local, stanza) : pass;
    });
    host.stage("account.delivering", "offline.forged", { kinds: ["message"] }, (stanza) =>
      unforged(stanza, host.domain),
    );
    // What comes live waits behind what is kept, from before the session can be given anything.
    host.stage("session.arriving", "offline.first", { kinds: ["presence"] }, (_presence, { session }) => {
      session.pause();
      return pass;
    });
    host.on("session.receptive", async ({ session }) => {
      kept.shares.taken(session.account.local);
      // One that was there already is told of what is kept just before what is live comes from the node that kept it.
      if (isAble(session)) session.pause();
      await fromAsleep(host, session);
      await bring(kept, session);
    });
    // It came before what was kept here for it, and this node did not know; or could not tell.
    host.on("session.receptive elsewhere", ({ session }) => {
      if (kept.owed.mark(session.account.local) !== undefined) tell(kept, session);
    });
    const looks = new Looks(host, (session) => inBackground(bring(kept, session), host.log));
    host.on("knowledge.lost", () => looks.begin());
    return {
      /** Nobody else would let those go on that arrive just now; a delivery under way does so itself. */
      deactivate() {
        const delivering = new Set([...kept.flushing.values()].map(({ session }) => session));
        for (const session of host.sessions.own()) if (!delivering.has(session)) session.unpause();
      },
      takeSettings({ maxMessages }) {
        kept.most = maxMessages;
        kept.shares = new Shares(host.domain, maxMessages);
      },
    };
  },
});

/** Nobody but this server says that it delayed a message. XEP-0203 §4. */
function unforged(stanza: Stanza, domain: string): Verdict {
  if (!stanza.has(NS_DELAY, "delay")) return pass;
  const tree = stanza.element();
  const forged = tree.getChildren("delay", NS_DELAY).filter((delay) => Jid.tryParse(delay.attrs.from)?.full === domain);
  if (forged.length === 0) return pass;
  const copy = clone(tree);
  for (const delay of copy.getChildren("delay", NS_DELAY))
    if (Jid.tryParse(delay.attrs.from)?.full === domain) copy.remove(delay);
  return replace(Stanza.fromElement(copy, stanza.from, stanza.to));
}

async function keep(kept: Kept, local: string, stanza: Stanza): Promise<Verdict> {
  const { host, shares } = kept;
  const at = arrivalOf(stanza) ?? host.clock.now();
  const stranger = await strangerOf(kept.rosters, local, stanza);
  const limit = stranger === undefined ? kept.most : shares.most(local, stranger);
  // The limit is for what comes: what was promised already is kept.
  const promised = stanza.note(promisedKey);
  const most = promised === undefined ? limit : PROMISED_LIMIT;
  const text = withDelay(stanza, host.domain, at).text();
  const store = host.store(OFFLINE);
  const message = { domain: host.domain, local, text, at, limit: most };
  const again = () => store.addAgain(message);
  const noted = () => note(kept, local, stranger);
  try {
    const hasRoom = await (promised?.again === true ? again() : store.add(message));
    if (!hasRoom) return reject("service-unavailable", FULL);
  } catch (error) {
    if (promised !== undefined || !isUndecided(error)) throw error;
    inBackground(decide(host, stanza, again, noted), host.log);
    return stored;
  }
  noted();
  return stored;
}

/** Something was stored for an account. */
function note(kept: Kept, local: string, stranger: Jid | undefined): void {
  const { host, owed, shares } = kept;
  if (stranger !== undefined) shares.kept(local, stranger);
  // Somebody may have come while it was stored: then nothing else would bring the message until the next log-in.
  const taker = receptive(host, local);
  // Also where this node knows of no other: it may have taken one for dead that lives and comes back with its sessions.
  owed.note(local);
  if (taker !== undefined) inBackground(bring(kept, taker), host.log);
}

/** The sender, where the account's roster does not have him. */
async function strangerOf(rosters: Rosters, local: string, { from }: Stanza): Promise<Jid | undefined> {
  if (from === undefined) return undefined;
  return (await rosters.of(local)).items.get(from.bare)?.listed === true ? undefined : from;
}

/** A delivery of what is kept. */
interface Run {
  /** Look once more. */
  again: boolean;
  /** Who gets it; what comes live waits behind it. */
  session: OwnSession;
}

/** What the module has at hand for one host. */
interface Kept {
  readonly host: ModuleHost;
  /** Deliveries by account. */
  readonly flushing: Map<string, Run>;
  readonly owed: Owed;
  readonly persistent: Persistent;
  shares: Shares;
  readonly rosters: Rosters;
  /** Messages of one account. */
  most: number;
}

/** The node that holds a session brings it what is kept: it is told, and again until it knows. */
function tell({ owed }: Kept, session: ClientSession): void {
  const { local } = session.account;
  const mark = owed.mark(local);
  session.wake(() => owed.settle(local, mark));
}

/**
 * Brings a session what is kept. A store that does not answer is asked again while anybody is there to get it: nothing
 * else would bring it before the next log-in.
 */
function bring(kept: Kept, session: ClientSession): void | Promise<void> {
  if (session.remote) return tell(kept, session);
  const { local } = session.account;
  const taker = () => receptive(kept.host, local);
  // First for the session that came: what is live waits behind this there, and nowhere else.
  let next: ClientSession | undefined = session;
  return kept.persistent.run(
    local,
    () => {
      const to = (next !== undefined && isAble(next) ? next : taker()) ?? session;
      if (to !== session) session.unpause();
      next = undefined;
      return flush(kept, to);
    },
    () => taker() !== undefined,
  );
}

/** Delivers what is kept, one run an account: what arrives meanwhile is found by the same run. */
async function flush(kept: Kept, session: ClientSession): Promise<void> {
  if (session.remote) return tell(kept, session);
  const { host, flushing, owed } = kept;
  const { local } = session.account;
  owed.settle(local, owed.mark(local));
  const running = flushing.get(local);
  if (running !== undefined) {
    running.again = true;
    // What is kept goes to another resource first: there is no order between the two.
    if (running.session !== session) session.unpause();
    return;
  }
  const run: Run = { again: true, session };
  flushing.set(local, run);
  try {
    let taker: OwnSession | undefined = session;
    while (run.again && taker !== undefined) {
      run.again = false;
      if (run.session !== taker) run.session.unpause();
      run.session = taker;
      taker.pause();
      const all = await deliverKept(host, taker);
      const next = receptive(host, local);
      if (next?.remote === true) {
        // It may have moved there in the midst of it.
        if (run.again || !all) tell(kept, next);
        return;
      }
      taker = next;
      // It went away in the midst of it: what is left goes to whoever is there.
      if (!all && taker !== run.session) run.again = true;
    }
  } finally {
    flushing.delete(local);
    run.session.unpause();
  }
}

/** A session that takes messages to the bare JID. */
function receptive(host: ModuleHost, local: string): ClientSession | undefined {
  const able = host.sessions.available(local).filter((session) => session.priority >= 0);
  const awake = able.filter(isAble);
  return awake.find((session) => !session.remote) ?? awake[0] ?? able.find((session) => !session.remote) ?? able[0];
}

/**
 * Delivers in order, as fast as the client takes it. What is delivered is removed from the store once somebody answers
 * for it: stream management where the client acknowledged it or it is stored beside the session, else the client that
 * has caught up with what was written. True where nothing is left.
 */
async function deliverKept(host: ModuleHost, session: OwnSession): Promise<boolean> {
  const { local } = session.account;
  let last = 0;
  for (;;) {
    const batch = await host.store(OFFLINE).read(host.domain, local, last, BATCH);
    if (batch.length === 0) return true;
    // Where a delivery was ended, each message stands for itself: none is taken for what another did.
    const careful = await host.deadLetters.suspects(local);
    const given: StillStored[] = [];
    for (const { text } of batch) {
      if (session.presence === undefined || host.sessions.find(session.jid) !== session) break;
      if (careful && given.length > 0 && !(await session.acknowledged())) break;
      const stanza = await readBack(host.deadLetters, { local, text });
      given.push(deliverOne(session, stanza));
      if (session.congested && !(await session.caughtUp())) break;
    }
    if (!session.keeps && !(await session.caughtUp())) return false;
    const removable = await removableOf(given);
    last = batch[removable - 1]?.id ?? last;
    if (removable > 0) await host.store(OFFLINE).removeThrough(host.domain, local, last);
    if (removable < batch.length) return false;
  }
}

/** Delivers a message, which its store keeps until somebody answers for it; undefined is one that needs nobody. */
function deliverOne(session: ClientSession, stanza: Stanza | undefined): StillStored {
  const kept = new StillStored();
  const safety = new Safety(() => kept.settle());
  if (stanza !== undefined) {
    stanza.setNote(stillStoredKey, kept);
    stanza.safety = safety;
    session.write(stanza);
  }
  safety.release("passed on");
  return kept;
}

/** How many from the first on may be removed: those behind one that was left stay in the store as well. */
async function removableOf(given: readonly StillStored[]): Promise<number> {
  await Promise.all(given.map(({ settled }) => settled));
  const left = given.findIndex((kept) => kept.left);
  const removable = left === -1 ? given.length : left;
  for (const [at, kept] of given.entries()) kept.decide(at < removable);
  return removable;
}
