// `npm start -- --check`: people of every two regions write to one another and see one another come online.
import { randomBytes } from "node:crypto";
import { Element } from "ltx";
import { XmppClient } from "../../xmpp/client/client.ts";
import type { LocalAccount } from "./demo-accounts.ts";
import type { LocalRegion } from "./local-region.ts";
import type { WhereClientsAre } from "./self-check-nodes.ts";

/** What was tried between two regions, or two nodes of a region, one way. */
export interface CheckOutcome {
  readonly from: string;
  readonly to: string;
  readonly what: "message" | "presence subscription" | "message between nodes";
  readonly ms: number;
  /** Why it failed; undefined where it went well. */
  readonly problem: string | undefined;
}

/** Somebody who is logged in. */
export interface Person {
  /** Name of the region, or of the node. */
  readonly region: string;
  readonly client: XmppClient;
  readonly bare: string;
}

/** What is checked. */
export interface Checked {
  readonly regions: readonly LocalRegion[];
  /** The balancer, where regions have several nodes. */
  readonly balancer: { nodesOfClients: WhereClientsAre } | undefined;
}

/** Tries every pair both ways with one account a region. @throws Error where somebody cannot log in */
export async function selfCheck(
  { regions, balancer }: Checked,
  accounts: readonly LocalAccount[],
): Promise<CheckOutcome[]> {
  const inside = balancer === undefined ? [] : await checkInside(regions, accounts, () => balancer.nodesOfClients());
  const people = await Promise.all(accounts.map((account, index) => arrive(regions, account, index)));
  try {
    const forth = people.flatMap((from, index) => people.slice(index + 1).map((to) => ({ from, to })));
    const back = forth.map(({ from, to }) => ({ from: to, to: from }));
    const message = (from: Person, to: Person) => sendMessage(from, to, to.bare);
    // First messages: what arrived shows that the nodes of its region know who is online at which. Then subscriptions,
    // one way and then the other: a person asks, and is asked some time later.
    const messages = await each([...forth, ...back], "message", message);
    const asked = await each(forth, "presence subscription", subscribe);
    return [...messages, ...asked, ...(await each(back, "presence subscription", subscribe)), ...inside];
  } finally {
    for (const person of people) person.client.close();
  }
}

function each(
  pairs: readonly { readonly from: Person; readonly to: Person }[],
  what: CheckOutcome["what"],
  work: (from: Person, to: Person) => Promise<void>,
): Promise<CheckOutcome[]> {
  return Promise.all(pairs.map(({ from, to }) => timed(from, to, what, () => work(from, to))));
}

async function checkInside(
  regions: readonly LocalRegion[],
  accounts: readonly LocalAccount[],
  where: WhereClientsAre,
): Promise<CheckOutcome[]> {
  const { checkNodes } = await import("./self-check-nodes.ts");
  const outcomes = accounts.map(async (account) => {
    const region = regions.find((each) => each.region.name === account.region);
    return region === undefined ? [] : checkNodes(region, account, where);
  });
  return (await Promise.all(outcomes)).flat();
}

/** Logs in, over TCP with STARTTLS in one region and over WebSocket in the next, and becomes available. */
async function arrive(regions: readonly LocalRegion[], account: LocalAccount, index: number): Promise<Person> {
  const region = regions.find((each) => each.region.name === account.region);
  if (region === undefined) throw new Error(`there is no region ${account.region}`);
  const over = index % 2 === 0 ? "tcp" : "websocket";
  const client = await XmppClient.logIn(region.logIn(account, over, "check")).catch((error: Error) => {
    throw new Error(`log-in in ${account.region} over ${over}: ${error.message}`);
  });
  client.send(new Element("presence"));
  return { region: account.region, client, bare: `${account.local}@${account.domain}` };
}

/** How something went. */
export async function timed(
  from: Person,
  to: Person,
  what: CheckOutcome["what"],
  work: () => Promise<void>,
): Promise<CheckOutcome> {
  const started = performance.now();
  const problem = await work().then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { from: from.region, to: to.region, what, ms: Math.round(performance.now() - started), problem };
}

/** Resolves when it arrived, and as it was sent. @throws Error */
export async function sendMessage(from: Person, to: Person, address: string): Promise<void> {
  const body = randomBytes(12).toString("hex");
  const message = new Element("message", { to: address, type: "chat", id: body });
  message.c("body").t(body);
  const arrives = to.client.next(
    (element) => element.is("message") && element.getChildText("body") === body,
    "the message",
  );
  const returned = from.client
    .next((element) => element.attrs.id === body && element.attrs.type === "error", "an error")
    .then((error) => {
      const [condition] = error.getChild("error")?.getChildElements() ?? [];
      throw new Error(`the message came back: ${condition?.name ?? "no reason"}`);
    });
  for (const one of [arrives, returned]) one.catch(() => undefined);
  from.client.send(message);
  const came = await Promise.race([arrives, returned]);
  if (came.attrs.from !== from.client.jid) throw new Error(`the message says it is from ${came.attrs.from}`);
}

/** `from` asks, `to` allows, `from` learns that and sees `to` online. RFC 6121 §3.1. */
async function subscribe(from: Person, to: Person): Promise<void> {
  const presence = (type: string | undefined, start: string) => (element: Element) =>
    element.is("presence") && element.attrs.type === type && String(element.attrs.from).startsWith(start);
  const asked = to.client.next(presence("subscribe", from.bare), "the subscription request");
  from.client.send(new Element("presence", { to: to.bare, type: "subscribe" }));
  await asked;
  const allowed = from.client.next(presence("subscribed", to.bare), "the approval");
  const online = from.client.next(presence(undefined, `${to.bare}/`), "the contact's presence");
  to.client.send(new Element("presence", { to: from.bare, type: "subscribed" }));
  await Promise.all([allowed, online]);
}
