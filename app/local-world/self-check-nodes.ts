// The part of the self-check inside a region: sessions that its balancer put on different nodes write to one another.
import { Element } from "ltx";
import { XmppClient } from "../../xmpp/client/client.ts";
import type { LocalAccount } from "./demo-accounts.ts";
import type { LocalRegion } from "./local-region.ts";
import { type CheckOutcome, type Person, sendMessage, timed } from "./self-check.ts";

/** Tells which node each client is at, by the port that the client has. */
export type WhereClientsAre = () => Promise<ReadonlyMap<number, string>>;

/**
 * Logs in as often as the region has nodes, over its balancer, and writes from each session to each other one.
 * @throws Error where somebody cannot log in
 */
export async function checkNodes(
  region: LocalRegion,
  account: LocalAccount,
  where: WhereClientsAre,
): Promise<CheckOutcome[]> {
  const clients: XmppClient[] = [];
  try {
    // One after the other: the balancer gives each to the node that has fewest.
    for (const { name } of region.nodes) {
      const client = await XmppClient.logIn(region.logIn(account, "tcp", `check-${name}`)).catch((error: Error) => {
        throw new Error(`log-in in ${account.region} over its balancer: ${error.message}`);
      });
      clients.push(client);
      client.send(new Element("presence"));
    }
    const nodes = await where();
    const people = clients.map((client) => personAt(client, nodes));
    const missed = region.nodes.filter(({ name }) => !people.some((person) => person.region === name));
    const unreached = missed.map(({ name }) => unreachedNode(region.region.name, name));
    const pairs = people.flatMap((from) => people.filter((to) => to !== from).map((to) => ({ from, to })));
    const sent = pairs.map(({ from, to }) =>
      timed(from, to, "message between nodes", async () => {
        // An account's sessions see one another (RFC 6121 §4.2.2): then each node knows of the other's.
        await from.client.next(isOnline(to.client.jid), `the presence of the session at ${to.region}`);
        await sendMessage(from, to, to.client.jid);
      }),
    );
    return [...unreached, ...(await Promise.all(sent))];
  } finally {
    for (const client of clients) client.close();
  }
}

function isOnline(jid: string): (element: Element) => boolean {
  return (element) => element.is("presence") && element.attrs.type === undefined && element.attrs.from === jid;
}

/** By the name of its node. */
function personAt(client: XmppClient, nodes: ReadonlyMap<number, string>): Person {
  const [bare = ""] = client.jid.split("/");
  return { region: nodes.get(client.localPort ?? 0) ?? "no node", client, bare };
}

function unreachedNode(region: string, node: string): CheckOutcome {
  return { from: region, to: node, what: "message between nodes", ms: 0, problem: "the balancer gave it no session" };
}
