// A domain that is an address literal of either family is dialled as it stands, and DNS is asked nothing. RFC 7622 §3.2.
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, beforeEach, expect } from "@jest/globals";
import { unless } from "../harness/needing.ts";
import { Ground } from "./nodes.ts";

/** Where a literal's server listens, for there is no record that says otherwise. RFC 6120 §3.2.2 */
const PORT = 5269;
const NS = "xmlns='jabber:server' xmlns:db='jabber:server:dialback' xmlns:stream='http://etherx.jabber.org/streams'";
const has = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));
const { test: testV6 } = unless(has ? undefined : "no IPv6 here");
const { test: testV4 } = unless(undefined);

let ground: Ground;
const open: (Server | Socket)[] = [];

beforeEach(async () => {
  ground = await Ground.lay();
});

afterEach(async () => {
  for (const one of open.splice(0)) "destroy" in one ? one.destroy() : one.close();
  await ground.clear();
});

/** A server of that domain which believes every dialback key; the messages it gets go into a list. XEP-0220 §2.1.1 */
async function serve(domain: string, address: string): Promise<readonly string[]> {
  const messages: string[] = [];
  const server = createServer((socket) => {
    open.push(socket);
    socket.setEncoding("utf8");
    let text = "";
    /** Takes a part of what came, once it is there. */
    const taken = (part: RegExp): string | undefined => {
      const [found] = part.exec(text) ?? [];
      if (found !== undefined) text = text.slice(text.indexOf(found) + found.length);
      return found;
    };
    socket.on("data", (chunk) => {
      text += String(chunk);
      if (taken(/<stream:stream[^>]*>/) !== undefined)
        socket.write(
          `<stream:stream ${NS} id='a' from='${domain}' version='1.0'>` +
            "<stream:features><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>",
        );
      const claim = taken(/<db:result[^>]*>[^<]*<\/db:result>/);
      const claimed = claim === undefined ? undefined : /from=["']([^"']+)/.exec(claim)?.[1];
      if (claimed !== undefined) socket.write(`<db:result from='${domain}' to='${claimed}' type='valid'/>`);
      const body = taken(/<message.*?<\/message>/);
      if (body !== undefined) messages.push(body);
    });
  }).listen(PORT, address);
  open.push(server);
  await once(server, "listening");
  return messages;
}

async function reaches(domain: string, address: string): Promise<void> {
  // Each look-up would fail, and with it whatever does not stand for itself.
  const a = await ground.node("a.test", {
    privateNetworks: [address],
    dnsServers: ["127.0.0.1:1"],
    requireEncryption: false,
  });
  const peer = await serve(domain, address);
  a.send(`j@${domain}`, "Hark");
  await a.until(() => peer.length + a.received.length > 0, "the message, or an error");
  expect([...peer, ...a.bodies()]).toEqual([expect.stringMatching(/^<message.*<body>Hark<\/body>/)]);
}

testV6("[::1]", () => reaches("[::1]", "::1"));
testV4("an IPv4 address", () => reaches("127.0.52.69", "127.0.52.69"));
