// POSH: documents good, referred to, redirected and hostile; and the fetcher against a real HTTPS server.
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { Dialable } from "../../contract/global-address.ts";
import { createHttpsGet, createPosh, type HttpsAnswer, rootsOf } from "../../federation/tls/index.ts";
import { systemClock } from "../../xmpp/clock.ts";
import { HeldClock } from "../dns/held-clock.ts";
import { type Made, makeLeaf, makeRoot, NOW } from "./certificates.ts";

const hosted = makeLeaf(undefined, { dns: ["hosting.test"] });
const hash = (made: Made, algorithm: string) => createHash(algorithm).update(made.x509.raw).digest("base64");
const fingerprints = (expires = 3600) => ({ fingerprints: [{ "sha-256": hash(hosted, "sha256") }], expires });

/** A web of documents by URL: JSON with status 200, or an answer as it is. */
function web(pages: Readonly<Record<string, unknown>>) {
  const clock = new HeldClock();
  clock.advance(NOW - clock.now());
  const fetched: string[] = [];
  const posh = createPosh({
    clock,
    get: async (url): Promise<HttpsAnswer> => {
      fetched.push(url.href);
      const page = pages[url.href];
      if (page === undefined) return { kind: "answer", status: 404, location: undefined, body: "" };
      if (typeof page === "string") return { kind: "answer", status: 200, location: undefined, body: page };
      if (typeof page === "object" && page !== null && "kind" in page) return page as HttpsAnswer;
      return { kind: "answer", status: 200, location: undefined, body: JSON.stringify(page) };
    },
  });
  return { posh, clock, fetched };
}

const HOME = "https://capulet.test/.well-known/posh/xmpp-server.json";
const ELSEWHERE = "https://hosting.test/posh.json";
const redirect = (location: string): HttpsAnswer => ({ kind: "answer", status: 302, location, body: "" });

const verify = (pages: Readonly<Record<string, unknown>>, made = hosted, domain = "capulet.test") =>
  web(pages).posh.verify(domain, [made.x509]);

test("a certificate that the document names is valid, self-signed and of another name though it be", async () => {
  expect(await verify({ [HOME]: fingerprints() })).toMatchObject({ kind: "valid", by: "POSH" });
  expect(await verify({ [HOME]: { fingerprints: [{ "sha-512": hash(hosted, "sha512") }] } })).toMatchObject({
    kind: "valid",
  });
  expect(await verify({ [HOME]: fingerprints() }, makeLeaf(undefined))).toMatchObject({ kind: "invalid" });
});

test("the stronger hash of an entry decides", async () => {
  const entry = { "sha-256": hash(hosted, "sha256"), "sha-512": hash(makeLeaf(undefined), "sha512") };
  expect((await verify({ [HOME]: { fingerprints: [entry] } })).kind).toBe("invalid");
});

test("an expired certificate stays expired", async () => {
  const old = makeLeaf(undefined, { to: NOW - 1000 });
  const document = { fingerprints: [{ "sha-256": hash(old, "sha256") }] };
  expect(await verify({ [HOME]: document }, old)).toMatchObject({ problem: "expired" });
});

test("one reference and a few redirects are followed, over HTTPS on its usual port alone", async () => {
  expect((await verify({ [HOME]: { url: ELSEWHERE, expires: 60 }, [ELSEWHERE]: fingerprints() })).kind).toBe("valid");
  expect((await verify({ [HOME]: redirect(ELSEWHERE), [ELSEWHERE]: fingerprints() })).kind).toBe("valid");
  expect((await verify({ [HOME]: redirect("/p"), "https://capulet.test/p": fingerprints() })).kind).toBe("valid");
  for (const bad of [
    "http://hosting.test/",
    "https://hosting.test:8443/",
    "https://u:p@hosting.test/",
    "file:///etc",
    "::",
  ]) {
    expect((await verify({ [HOME]: { url: bad, expires: 60 }, [bad]: fingerprints() })).kind).toBe("invalid");
    expect((await verify({ [HOME]: redirect(bad), [bad]: fingerprints() })).kind).toBe("invalid");
  }
});

test("references to references and redirects in a circle end", async () => {
  const again = { url: ELSEWHERE, expires: 60 };
  expect((await verify({ [HOME]: again, [ELSEWHERE]: again })).kind).toBe("invalid");
  const { posh, fetched } = web({ [HOME]: redirect(HOME) });
  expect((await posh.verify("capulet.test", [hosted.x509])).kind).toBe("invalid");
  expect(fetched).toHaveLength(6);
});

test("documents of any shape are no proof and no harm", async () => {
  const shapes = [
    "",
    "nonsense",
    "[]",
    "null",
    "7",
    "{}",
    '{"fingerprints":{}}',
    '{"fingerprints":[null,1,"x",{"sha-256":7}]}',
  ];
  for (const shape of [...shapes, '{"url":7}', '{"__proto__":{"fingerprints":[]}}']) {
    expect((await verify({ [HOME]: shape })).kind).toBe("invalid");
  }
  for (const domain of ["127.0.0.1", "a/b", "a@b", ""]) expect((await verify({}, hosted, domain)).kind).toBe("invalid");
});

test("a document is kept as long as it says, the shorter time of a reference, and failure for five minutes", async () => {
  const { posh, clock, fetched } = web({ [HOME]: { url: ELSEWHERE, expires: 60 }, [ELSEWHERE]: fingerprints(3600) });
  const ask = (domain: string) => posh.verify(domain, [hosted.x509]);
  await Promise.all([ask("capulet.test"), ask("CAPULET.test")]);
  clock.advance(59_000);
  await ask("capulet.test");
  expect(fetched).toHaveLength(2);
  clock.advance(1_000);
  await ask("capulet.test");
  expect(fetched).toHaveLength(4);
  await ask("none.test");
  clock.advance(299_000);
  await ask("none.test");
  expect(fetched).toHaveLength(5);
  clock.advance(1_000);
  await ask("none.test");
  expect(fetched).toHaveLength(6);
});

const root = makeRoot();
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(
  made: Made,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<number> {
  const server = createServer({ cert: made.pem, key: made.keyPem }, handler);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const here = new Dialable(["127.0.0.0/8"]);
const resolver = {
  addressesOf: async (host: string) =>
    host === "capulet.test"
      ? ({ kind: "addresses", addresses: ["127.0.0.1"], authenticated: false } as const)
      : ({ kind: "not-found", reason: `${host} has no address` } as const),
};

// Node checks these with the machine's own clock.
const lasting = { from: Date.now() - 60_000, to: Date.now() + 3_600_000 };
const trusted = makeRoot("POSH root", lasting);
const webServer = makeLeaf(trusted, lasting);

test("the fetcher reads what a trusted server says, and reports what it cannot", async () => {
  const port = await serve(webServer, (request, response) => {
    if (request.url === "/big") response.end("x".repeat(70_000));
    else if (request.url === "/moved") response.writeHead(301, { location: "/x" }).end();
    else if (request.url === "/broken") response.destroy();
    else response.end(`{"path":"${request.url}"}`);
  });
  const get = createHttpsGet({ resolver, dialable: here, clock: systemClock, ca: () => [trusted.pem], port });
  const at = (path: string, host = "capulet.test") => get(new URL(`https://${host}${path}`));
  expect(await at("/doc")).toEqual({ kind: "answer", status: 200, location: undefined, body: '{"path":"/doc"}' });
  expect(await at("/moved")).toMatchObject({ status: 301, location: "/x" });
  expect(await at("/big")).toMatchObject({ kind: "failed", reason: expect.stringMatching(/more than/) });
  expect(await at("/broken")).toMatchObject({ kind: "failed" });
  expect(await at("/", "other.test")).toMatchObject({ kind: "failed", reason: expect.stringMatching(/no address/) });
});

test("the fetcher trusts no self-signed, unknown or misnamed server", async () => {
  for (const made of [
    makeLeaf(undefined, lasting),
    makeLeaf(root, lasting),
    makeLeaf(trusted, { ...lasting, dns: ["other.test"] }),
  ]) {
    const port = await serve(made, (_, response) => response.end("{}"));
    const get = createHttpsGet({ resolver, dialable: here, clock: systemClock, ca: () => [trusted.pem], port });
    expect(await get(new URL("https://capulet.test/"))).toMatchObject({ kind: "failed" });
  }
});

test("web servers are believed by the authorities that XMPP servers are: POSH is no way round a private world", async () => {
  const port = await serve(webServer, (_, response) => response.end("{}"));
  const roots: (readonly string[])[] = [rootsOf(false, [trusted.pem]), rootsOf(true, [trusted.pem])];
  for (const ca of roots) {
    const get = createHttpsGet({ resolver, dialable: here, clock: systemClock, ca: () => ca, port });
    expect(await get(new URL("https://capulet.test/"))).toMatchObject({ kind: "answer" });
  }
  expect(roots[0]).toEqual([trusted.pem]);
  expect(roots[1]?.length).toBeGreaterThan(100);
  const nobody = createHttpsGet({ resolver, dialable: here, clock: systemClock, ca: () => rootsOf(false, []), port });
  expect(await nobody(new URL("https://capulet.test/"))).toMatchObject({ kind: "failed" });
});

test("a server that keeps silent is left in time", async () => {
  const clock = new HeldClock();
  const port = await serve(webServer, () => clock.advance(5_000));
  const get = createHttpsGet({ resolver, dialable: here, clock, ca: () => [trusted.pem], port });
  expect(await get(new URL("https://capulet.test/"))).toMatchObject({
    kind: "failed",
    reason: expect.stringMatching(/in time/),
  });
});

test("nothing is fetched from an address that is not of the Internet, by name or by literal, unless it is one's own", async () => {
  let asked = 0;
  const port = await serve(webServer, (_, response) => {
    asked++;
    response.end("{}");
  });
  const get = createHttpsGet({
    resolver,
    dialable: new Dialable([]),
    clock: systemClock,
    ca: () => [trusted.pem],
    port,
  });
  for (const host of ["capulet.test", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"])
    expect(await get(new URL(`https://${host}/`))).toMatchObject({
      kind: "failed",
      reason: expect.stringContaining("no address of the public Internet"),
    });
  expect(asked).toBe(0);
});
