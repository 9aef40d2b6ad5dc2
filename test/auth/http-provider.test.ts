// The HTTP authentication provider against a real service on loopback, a good one and bad ones.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { ProviderConfig } from "../../contract/contract.ts";
import { type HttpOptions, httpProvider } from "../../server/accounts/providers/http.ts";
import { outgoingHttp } from "../../server/outgoing/http.ts";
import { AuthenticationUnavailable } from "../../server/ports/account-errors.ts";
import { systemClock } from "../../xmpp/clock.ts";
import { ManualClock } from "../harness/manual-clock.ts";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function service(answer: Answer): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    answer(request, response, Buffer.concat(chunks).toString());
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/check`;
}

function check(url: string, more: Partial<HttpOptions> = {}): Promise<boolean> {
  return httpProvider({ url, ...more }).checkPassword("example.org", "romeo", 'or"chard');
}

test("the service is told domain, localpart and password, and decides", async () => {
  const seen: unknown[] = [];
  const url = await service((request, response, body) => {
    seen.push([request.method, request.headers.authorization, request.headers["content-type"], JSON.parse(body)]);
    response.end(JSON.stringify({ accepted: seen.length === 1 }));
  });
  expect(await check(url, { token: "secret" })).toBe(true);
  expect(await check(url)).toBe(false);
  const asked = { domain: "example.org", local: "romeo", password: 'or"chard' };
  expect(seen).toEqual([
    ["POST", "Bearer secret", "application/json", asked],
    ["POST", undefined, "application/json", asked],
  ]);
});

test("a name that leads into a private network is asked only where that is the operator's own", async () => {
  const url = "https://auth.example.org:1/check";
  const inside = { addressesOf: async () => ["192.0.43.7", "10.20.0.7"] };
  await expect(check(url, inside)).rejects.toThrow(/is 10.20.0.7, no address of the public Internet/);
  await expect(check(url, { ...inside, privateNetworks: ["10.21.0.0/16"] })).rejects.toThrow(/is 10.20.0.7/);
  // Dialled now: nothing listens there.
  const loopback = { addressesOf: async () => ["127.0.0.1"], privateNetworks: ["127.0.0.0/8"] };
  await expect(check(url, loopback)).rejects.toThrow(/could not be asked|no answer/);
});

test("what is dialled is what was looked at: there is one look-up, and its addresses are the ones", async () => {
  const server = createTcpServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const looked: string[] = [];
  const addressesOf = async (host: string) => {
    looked.push(host);
    return ["127.0.0.1"];
  };
  const { port } = server.address() as AddressInfo;
  const dialled = once(server, "connection");
  const outcome = check(`https://auth.example.org:${port}/check`, { addressesOf, privateNetworks: ["127.0.0.0/8"] });
  await expect(outcome).rejects.toThrow(/could not be asked/);
  await dialled;
  expect(looked).toEqual(["auth.example.org"]);
  server.close();
});

test("this machine's own name works without anybody's look-up", async () => {
  const url = await service((_, response) => response.end('{"accepted":true}'));
  const addressesOf = () => Promise.reject(new Error("looked up"));
  expect(await check(url.replace("127.0.0.1", "localhost"), { addressesOf })).toBe(true);
});

test("an address within a private network is held to the same networks as a name", async () => {
  const url = "https://10.20.0.7:1/check";
  await expect(check(url)).rejects.toThrow(/is 10.20.0.7, no address of the public Internet/);
  const provider = (given: object) => ProviderConfig.safeParse({ kind: "http", url, ...given });
  expect(provider({}).error?.issues).toMatchObject([
    { path: ["url"], message: expect.stringMatching(/^is no address/) },
  ]);
  expect(provider({ url: "https://[fd00::1]/" }).success).toBe(false);
  for (const given of [
    { privateNetworks: ["10.20.0.0/16"] },
    { url: "http://127.0.0.1:8000/" },
    { url: "http://localhost/" },
    { url: "https://[2606:4700::1]/" },
    { url: "https://auth.example.org/" },
  ])
    expect([given, provider(given).success]).toEqual([given, true]);
});

test("of strangers' URLs none leads to this machine, nor in clear", async () => {
  const url = await service((_, response) => response.end("a secret"));
  const { port } = new URL(url);
  const addressesOf = async () => ["127.0.0.1"];
  const http = outgoingHttp({ answerBytes: 8 }, { clock: systemClock, addressesOf });
  const ask = (to: string) => http.ask({ method: "GET", url: new URL(to) });
  for (const own of [url, `https://localhost:${port}/`, `https://[::1]:${port}/`])
    await expect(ask(own)).rejects.toThrow(/is this machine/);
  for (const own of [`https://[::ffff:127.0.0.1]:${port}/`, `https://verona.test:${port}/`])
    await expect(ask(own)).rejects.toThrow(/no address of the public Internet/);
  await expect(ask("http://verona.test/")).rejects.toThrow(/by https alone/);
  const mine = outgoingHttp({ answerBytes: 8, thisMachine: true }, { clock: systemClock });
  expect(String((await mine.ask({ method: "GET", url: new URL(url) })).body)).toBe("a secret");
  const less = outgoingHttp({ answerBytes: 7, thisMachine: true }, { clock: systemClock });
  await expect(less.ask({ method: "GET", url: new URL(url) })).rejects.toThrow("its answer has more than 7 bytes");
});

test.each([401, 403, 404])("status %d refuses", async (status) => {
  expect(await check(await service((_, response) => response.writeHead(status).end()))).toBe(false);
});

describe("no answer, so that nobody is accepted or refused for good", () => {
  test.each<[string, Answer]>([
    ["an error of the service", (_, response) => response.writeHead(500).end('{"accepted":true}')],
    ["another good status", (_, response) => response.writeHead(204).end()],
    ["a page that answers everything with 200", (_, response) => response.end("<html>welcome</html>")],
    ["a word that is not true or false", (_, response) => response.end('{"accepted":"yes"}')],
    ["JSON that is no object", (_, response) => response.end("true")],
    [
      "a redirect, which would carry the password on",
      (_, response) => response.writeHead(307, { location: "/other" }).end(),
    ],
    ["ten megabytes", (_, response) => response.end(`{"accepted":true,"x":"${"y".repeat(10_000_000)}"}`)],
    ["a connection cut off", (_, response) => response.destroy()],
  ])("%s", async (_, answer) => {
    await expect(check(await service(answer))).rejects.toThrow(AuthenticationUnavailable);
  });

  test("a service that does not answer in time", async () => {
    const clock = new ManualClock(0);
    let asked = () => {};
    const arrived = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const pending = check(await service(() => asked()), { clock, timeoutSeconds: 3 });
    const outcome = expect(pending).rejects.toThrow(/in time/);
    await arrived;
    await clock.advance(3000);
    await outcome;
  });

  test("more calls at once than are allowed", async () => {
    const held: ServerResponse[] = [];
    let asked = () => {};
    const arrived = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const url = await service((_, response) => {
      held.push(response);
      asked();
    });
    const provider = httpProvider({ url, atOnce: 1 });
    const first = provider.checkPassword("example.org", "romeo", "x");
    await expect(provider.checkPassword("example.org", "juliet", "x")).rejects.toThrow(AuthenticationUnavailable);
    await arrived;
    held[0]!.end('{"accepted":true}');
    expect(await first).toBe(true);
  });
});

test("passwords go out encrypted, or not off this machine", () => {
  expect(() => httpProvider({ url: "http://auth.example.org/" })).toThrow(/https/);
  expect(() => httpProvider({ url: "http://127.0.0.1.example.org/" })).toThrow(/https/);
  expect(() => httpProvider({ url: "file:///etc/passwd" })).toThrow(/https/);
  expect(httpProvider({ url: "http://[::1]:8080/" }).name).toBe("http");
});
