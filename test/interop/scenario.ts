// What two people do: see one another, talk, and find it all in their rosters. The same for every pair of programs.
import { join } from "node:path";
import { type ClientLogin, ForeignClient } from "./foreign-client.ts";

const folder = import.meta.dirname;

const byNode = (file: string) => (login: ClientLogin) =>
  ForeignClient.start([process.execPath, join(folder, "clients", file)], login, {
    NODE_EXTRA_CA_CERTS: login.authority,
  });

/** Clients that others wrote, by name. */
export const CLIENTS = {
  slixmpp: (login: ClientLogin) =>
    ForeignClient.start(["/usr/bin/python3", join(folder, "clients/slixmpp_client.py")], login),
  "@xmpp/client": byNode("xmpp-js.ts"),
  stanza: byNode("stanza.ts"),
  "strophe.js": byNode("strophe.ts"),
} as const;

export type ClientName = keyof typeof CLIENTS;

const bare = (jid: string) => jid.replace(/\/.*$/, "");

/** Subscribes both to each other, each way asked and granted. */
export async function befriend(a: ForeignClient, b: ForeignClient): Promise<void> {
  for (const one of [a, b]) {
    one.tell({ do: "roster" });
    await one.expect({ event: "roster" });
    one.tell({ do: "presence" });
  }
  await a.expect({ event: "presence", from: a.name, type: "available" });
  await b.expect({ event: "presence", from: b.name, type: "available" });
  for (const [asker, asked] of [
    [a, b],
    [b, a],
  ] as const) {
    asker.tell({ do: "presence", to: bare(asked.name), type: "subscribe" });
    await asked.expect({ event: "presence", from: bare(asker.name), type: "subscribe" });
    asked.tell({ do: "presence", to: bare(asker.name), type: "subscribed" });
    await asker.expect({ event: "presence", from: bare(asked.name), type: "subscribed" });
    await asker.expect({ event: "presence", from: asked.name, type: "available" });
  }
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    one.tell({ do: "roster" });
    await one.expect({ event: "roster", items: { [bare(other.name)]: "both" } });
  }
}

/** Messages both ways, to bare and to full JIDs, in order. */
export async function converse(a: ForeignClient, b: ForeignClient): Promise<void> {
  const texts = ["Hark!", "What light <through> yonder & window", "breaks ☾?"];
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    for (const body of texts) from.tell({ do: "message", to: to.name, body });
    from.tell({ do: "message", to: bare(to.name), body: "soft" });
    for (const body of [...texts, "soft"]) await to.expect({ event: "message", from: from.name, body });
  }
}

/** Who leaves is seen to leave. */
export async function part(leaver: ForeignClient, other: ForeignClient): Promise<void> {
  await leaver.stop();
  await other.expect({ event: "presence", from: leaver.name, type: "unavailable" });
}
