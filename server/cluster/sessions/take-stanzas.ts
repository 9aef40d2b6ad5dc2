// What other members send to sessions here is given to these: a stanza for one, or one presence for many.
import type { Logger } from "pino";
import { Jid } from "../../../xmpp/jid/jid.ts";
import { follow, Safety } from "../../../xmpp/stanza/safety.ts";
import type { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { redeliverInBackground } from "../../delivery/redeliver.ts";
import { logFailure } from "../../observe/failure.ts";
import type { NodeBus } from "../../ports/cluster.ts";
import type { SessionHost } from "../../ports/host.ts";
import type { ClientSession } from "../../ports/session.ts";
import { stanzaOfFields } from "../bus/stanza-codec.ts";
import { areTextFields, stanzaOfTextFields } from "../bus/stanza-text.ts";
import { BETWEEN } from "./on-its-way.ts";

type Hosts = ReadonlyMap<string, SessionHost>;
type Give = (session: ClientSession, stanza: Stanza) => void;

/** Takes the frames that `onItsWay` makes. */
export function takeStanzas(bus: NodeBus, hosts: Hosts, log: Logger): void {
  const deliver: Give = (session, stanza) => session.deliver(stanza);
  const write: Give = (session, stanza) => session.write(stanza);
  bus.take("stanza", (_from, fields, done) => takeOne(hosts, fields, done, deliver));
  bus.take("older", (_from, fields, done) => takeOne(hosts, fields, done, write));
  bus.take("stanzas", (_from, fields, done) => takeForMany(hosts, fields, done, { give: deliver, log }));
}

function takeOne(hosts: Hosts, fields: readonly string[], done: () => void, give: Give): void {
  const stanza = areTextFields(fields) ? stanzaOfTextFields(fields) : stanzaOfFields(fields.slice(1));
  const jid = fields[0] === "" ? (stanza.to as Jid) : Jid.parse(fields[0] as string);
  const safety = new Safety(done);
  // An error that its session has in hand was given back: a client that is silent holds no frames up.
  follow(stanza, safety);
  giveTo(hosts, jid, { stanza, safety, give });
  safety.release("passed on");
}

/** One presence for many sessions: where one of them cannot be given it the others have it all the same. */
function takeForMany(
  hosts: Hosts,
  [jids = "", ...fields]: readonly string[],
  done: () => void,
  { give, log }: { readonly give: Give; readonly log: Logger },
): void {
  const shared = stanzaOfFields(fields);
  const toBare = shared.to?.isBare === true;
  const safety = new Safety(done);
  for (const text of jids.split(BETWEEN))
    try {
      const jid = Jid.parse(text);
      const stanza = shared.withAddresses(shared.from, toBare ? jid.toBare() : jid);
      giveTo(hosts, jid, { stanza, safety, give });
    } catch (error) {
      logFailure(log, error, "a session could not be given presence", { jid: text });
    }
  safety.release("passed on");
}

function giveTo(
  hosts: Hosts,
  jid: Jid,
  { stanza, safety, give }: { readonly stanza: Stanza; readonly safety: Safety; readonly give: Give },
): void {
  const host = hosts.get(jid.domain);
  if (host === undefined) return;
  const session = host.sessions.find(jid);
  if (session === undefined) return redeliverInBackground(host, stanza, safety.hold());
  // It has gone on to another member. Who sent this sends there from now on, and must not overtake it: it is told only
  // once that one has it, whatever kind of stanza it is.
  if (session.remote) stanza.safety = safety;
  give(session, stanza);
}
