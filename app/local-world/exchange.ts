// Makes regions exchange stanzas: an XMPP ping from a region to others brings up the links both ways.
import { Element } from "ltx";
import { type LogIn, XmppClient } from "../../xmpp/client/client.ts";

/** A region from which pings go out. */
export interface Asking {
  readonly name: string;
  readonly logIn: LogIn;
}

/** Outcome of the pings from one region to the others. */
export interface Exchanged {
  readonly from: string;
  readonly to: string;
  /** Why no answer came; undefined where one came. */
  readonly problem: string | undefined;
}

/** Logs in and pings each of `targets` (name → domain) at once. XEP-0199. Never throws. */
export async function exchange(asking: Asking, targets: ReadonlyMap<string, string>, ms: number): Promise<Exchanged[]> {
  const from = asking.name;
  let client: XmppClient;
  try {
    client = await XmppClient.logIn(asking.logIn);
  } catch (error) {
    const problem = `log-in to ${from}: ${(error as Error).message}`;
    return [...targets.keys()].map((to) => ({ from, to, problem }));
  }
  const outcomes = [...targets].map(async ([to, domain]) => {
    const ping = new Element("ping", { xmlns: "urn:xmpp:ping" });
    const problem = await client.ask("get", domain, ping, ms).then(
      () => undefined,
      (error: Error) => error.message,
    );
    return { from, to, problem };
  });
  const all = await Promise.all(outcomes);
  client.close();
  return all;
}
