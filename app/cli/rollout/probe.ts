// The synthetic client of a rollout's gates: accounts of each region that write to one another and break their streams.
import { randomBytes } from "node:crypto";
import { Element } from "ltx";
import type { Probe } from "../../../infra/rollout/index.ts";
import { type LogIn, XmppClient } from "../../../xmpp/client/client.ts";

/** Where the synthetic clients come from. */
export interface ProbeSource {
  /** How the region's account logs in under a resource. @throws Error where that cannot be told */
  logIn(region: string, resource: string): Promise<LogIn>;
  /** The regional domain. */
  domainOf(region: string): string;
}

/** The probe of these accounts. Every wait in it is bounded; errors name the step and the region, never a password. */
export function syntheticProbe(source: ProbeSource): Probe {
  const { arrive, message, resume } = steps(source);
  return {
    self: (region) => message(region, region),
    async exchange(from, to) {
      await message(from, to);
      await message(to, from);
    },
    resume,
    async ping(from, to) {
      const client = await arrive(from);
      try {
        await client.ask("get", source.domainOf(to), new Element("ping", { xmlns: "urn:xmpp:ping" }));
      } finally {
        client.close();
      }
    },
  };
}

function steps(source: ProbeSource) {
  const how = (region: string) => source.logIn(region, `probe-${randomBytes(4).toString("hex")}`);
  const arrive = async (region: string, given?: LogIn) => {
    try {
      return await XmppClient.logIn(given ?? (await how(region)));
    } catch (error) {
      throw new Error(`log-in in ${region}: ${(error as Error).message}`);
    }
  };

  /** From one region's account to another's, at the very stream it has: nobody else sees it. */
  async function message(from: string, to: string): Promise<void> {
    const receiver = await arrive(to);
    const sender = await arrive(from).catch((error: unknown) => {
      receiver.close();
      throw error;
    });
    try {
      const { stanza, came } = probeMessage(receiver.jid);
      const arrives = receiver.next(came, `a message from ${from} to ${to}`);
      const returned = sender
        .next((element) => element.attrs.id === stanza.attrs.id, "an error")
        .then((error) => {
          const [condition] = error.getChild("error")?.getChildElements() ?? [];
          throw new Error(`a message from ${from} to ${to} came back: ${condition?.name ?? "no reason"}`);
        });
      for (const one of [arrives, returned]) one.catch(() => undefined);
      sender.send(stanza);
      await Promise.race([arrives, returned]);
    } finally {
      sender.close();
      receiver.close();
    }
  }

  /** What is sent while the stream is broken comes once it is resumed. XEP-0198 §5. */
  async function resume(region: string): Promise<void> {
    const logIn = await how(region);
    const [sender, before] = [await arrive(region), await arrive(region, logIn)];
    let after: XmppClient | undefined;
    try {
      const { id } = await before.enable();
      const broken = { ...before.drop(), id };
      const { stanza, came } = probeMessage(broken.jid);
      sender.send(stanza);
      after = await XmppClient.resume(logIn, broken);
      await after.next(came, "the message that was sent while the stream was broken");
    } finally {
      sender.close();
      before.close();
      after?.close();
    }
  }

  return { arrive, message, resume };
}

/** A message that no archive and no other resource keeps. XEP-0334, XEP-0280 §6.2. */
function probeMessage(to: string) {
  const body = `probe ${randomBytes(8).toString("hex")}`;
  const stanza = new Element("message", { to, type: "chat", id: body.slice(6) });
  stanza.c("body").t(body);
  stanza.c("no-store", { xmlns: "urn:xmpp:hints" });
  stanza.c("private", { xmlns: "urn:xmpp:carbons:2" });
  return { stanza, came: (element: Element) => element.is("message") && element.getChildText("body") === body };
}
