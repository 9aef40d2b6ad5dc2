// What other members ask of sessions here, beside what they send to them: to lend, to wake, to end.
import type { Logger } from "pino";
import { Jid } from "../../../xmpp/jid/jid.ts";
import type { StreamErrorCondition } from "../../../xmpp/stream/error.ts";
import { inBackground } from "../../delivery/background.ts";
import type { NodeBus } from "../../ports/cluster.ts";
import type { SessionHost } from "../../ports/host.ts";
import type { ClientSession } from "../../ports/session.ts";

type Hosts = ReadonlyMap<string, SessionHost>;

/** Takes the frames by which stand-ins at other members ask something of their sessions here. */
export function takeForSessions(bus: NodeBus, hosts: Hosts, log: Logger): void {
  bus.take("lend", (_from, fields, done) => inBackground(lend(hosts, fields).finally(done), log));
  bus.take("end", (_from, fields, done) => {
    end(hosts, fields);
    done();
  });
  bus.take("wake", (_from, [jid = ""], done) => {
    find(hosts, jid)?.wake();
    done();
  });
}

/** By full JID. */
function find(hosts: Hosts, text: string): ClientSession | undefined {
  const jid = Jid.parse(text);
  return hosts.get(jid.domain)?.sessions.find(jid);
}

/** A session of ours that sleeps gives what it holds to one elsewhere. */
async function lend(hosts: Hosts, [jid = "", to = ""]: readonly string[]): Promise<void> {
  const session = find(hosts, jid);
  const taker = find(hosts, to);
  if (session !== undefined && taker !== undefined && !session.remote) await session.lend(taker);
}

function end(hosts: Hosts, [jid = "", since = "", condition = "", text = ""]: readonly string[]): void {
  const session = find(hosts, jid);
  if (session !== undefined && !session.remote && String(session.since) === since)
    session.end(condition as StreamErrorCondition, text === "" ? undefined : text);
}
