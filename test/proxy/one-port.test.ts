// One TLS port for streams and HTTP, told apart by ALPN: what port 443 of a region is. XEP-0368 §3.
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ProxiedNode } from "./node.ts";
import { open, Speaker, v1, type Way } from "./speaker.ts";

let node: ProxiedNode;
beforeAll(async () => {
  node = await ProxiedNode.start(["127.0.0.1/32"], { "limits.connectionsPerAddress": 2 });
});
afterAll(() => node.stop());

const asClient = (address: string): Way => ({ header: v1(address), direct: { alpn: "xmpp-client" } });

/** The answer to a request from an address whose connections have no PROXY header. */
async function get(from: string, protocols: string[] | undefined): Promise<IncomingMessage> {
  const options = { host: "127.0.0.1", port: node.ports.https, path: "/.well-known/host-meta.json", agent: false };
  const tls = { servername: "verona.test", rejectUnauthorized: false, localAddress: from };
  const asked = request({ ...options, ...tls, ...(protocols && { ALPNProtocols: protocols }) });
  asked.end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  answer.resume();
  return answer;
}

test("xmpp-client gets a stream, with the client's own address behind the PROXY header", async () => {
  const client = await Speaker.connect(node.ports.https, asClient("192.0.2.7"));
  await client.logIn("romeo");
  expect(node.loggedIn().at(-1)).toBe("192.0.2.7");
  client.end();
});

test.each([
  ["http/1.1", ["http/1.1"]],
  ["nothing", undefined],
  ["an order in which HTTP is known alone", ["h2", "http/1.1"]],
])("%s gets HTTP", async (_, protocols) => {
  expect((await get("127.0.0.9", protocols)).statusCode).toBe(200);
});

test("who knows neither is refused in the handshake, as RFC 7301 §3.2 has it", async () => {
  await expect(get("127.0.0.9", ["h2"])).rejects.toThrow(/no application protocol/i);
});

test("HTTP on a stream's connection is answered by a stream error", async () => {
  const socket = await open(node.ports.https, asClient("192.0.2.8"));
  let answer = "";
  socket.on("data", (bytes) => {
    answer += bytes;
  });
  socket.write("GET / HTTP/1.1\r\nHost: verona.test\r\n\r\n");
  await once(socket, "close");
  expect(answer).toContain("<stream:error>");
  expect(answer).not.toContain("HTTP/1.1");
});

test("connections are counted by the client's address, whatever they speak", async () => {
  const clients = [1, 2].map(() => Speaker.connect(node.ports.https, asClient("192.0.2.9")));
  for (const client of await Promise.all(clients)) await client.openStream();
  await (await Speaker.connect(node.ports.https, asClient("192.0.2.9"))).closed;
  for (const client of await Promise.all(clients)) client.end();
});

test("draining ends such a stream as any other", async () => {
  const other = await ProxiedNode.start(["127.0.0.1/32"]);
  const client = await Speaker.connect(other.ports.https, asClient("192.0.2.10"));
  await client.openStream();
  const stopped = other.drain();
  await client.until(/system-shutdown/);
  await client.closed;
  await stopped;
});
