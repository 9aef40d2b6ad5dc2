// Modules answer HTTP requests for their host, within bounds, until they are over; what they throw is nobody else's.
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import Fastify, { type FastifyInstance, type InjectOptions } from "fastify";
import { pino } from "pino";
import { NoSettings } from "../../contract/modules/index.ts";
import { FakeHost } from "../../test/harness/fake-host.ts";
import { defineModule } from "../module/define.ts";
import { type HttpHost, serveModules } from "./http-routes.ts";

/** Tells what it was asked, and fails where it is asked to. */
const echo = defineModule({
  name: "echo",
  implements: [],
  services: ["http"],
  routes: [
    { method: "GET", path: "/echo/*" },
    { method: "PUT", path: "/echo" },
  ],
  config: NoSettings,
  activate(host) {
    host.http({ method: "GET", path: "/echo/*" }, ({ path, query }) => {
      if (path.endsWith("/fail")) throw new Error("a secret");
      return { status: 200, headers: { "x-path": path }, body: query.get("say") ?? "" };
    });
    host.http({ method: "PUT", path: "/echo" }, async ({ body }) => ({ status: 201, body }));
  },
});

let fake: FakeHost;
let app: FastifyInstance;
const hosts = new Map<string, HttpHost>();
const logged: string[] = [];

beforeEach(async () => {
  fake = await FakeHost.with([echo]);
  hosts.clear();
  hosts.set("verona.test", fake.host);
  logged.length = 0;
  app = Fastify();
  app.get("/own", async () => "own");
  const log = pino({}, { write: (line: string) => void logged.push(line) });
  serveModules(app, { hosts, log, clock: fake.clock, bodyBytes: 100, patience: 10_000 });
});

afterEach(() => app.close());

const ask = async (options: InjectOptions | string) => {
  const { statusCode, body, headers } = await app.inject(options);
  return { status: statusCode, body, path: headers["x-path"] };
};

test("a module is given path, query and body", async () => {
  expect(await ask("/echo/a%20b?say=hark")).toEqual({ status: 200, body: "hark", path: "/echo/a%20b" });
  const put = { method: "PUT", url: "/echo", payload: "<x/>", headers: { "content-type": "text/odd" } } as const;
  expect(await ask(put)).toMatchObject({ status: 201, body: "<x/>" });
  expect(await ask("/own")).toMatchObject({ body: "own" });
  for (const other of ["/echo", "/echoes", "/"]) expect(await ask(other)).toMatchObject({ status: 404, body: "" });
});

test("what it throws is logged and told to nobody; a body too large does not reach it", async () => {
  expect(await ask("/echo/fail")).toEqual({ status: 500, body: "", path: undefined });
  expect(logged.join("")).toContain("an HTTP route failed");
  const large = { method: "PUT", url: "/echo", payload: "x".repeat(101) } as const;
  expect(await ask(large)).toMatchObject({ status: 413, body: "" });
});

test("a host is asked by its name, where a node has several", async () => {
  hosts.set("mantua.test", { httpRoutes: { find: () => undefined }, httpDomains: new Map(), changing: undefined });
  const of = (host: string) => ask({ url: "/echo/a", headers: { host } });
  expect(await of("Verona.test:5280")).toMatchObject({ status: 200 });
  for (const other of ["mantua.test", "padua.test"]) expect(await of(other)).toMatchObject({ status: 404 });
});

test("once the module is over its routes are gone; a route that it did not declare is refused", async () => {
  await fake.become([]);
  expect(await ask("/echo/a")).toMatchObject({ status: 404 });
  await expect(fake.become([{ ...echo, routes: [] }])).rejects.toThrow(
    'the module echo has no GET /echo/* among its "routes"',
  );
});

test("nothing is kept of a request that nobody answers: it is told so before its body has come", async () => {
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1");
  socket.write("POST /nobody HTTP/1.1\r\nhost: verona.test\r\ncontent-length: 100\r\n\r\nhalf of it");
  const [answer] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 404 /);
});

test("the fake host answers as the listener does", async () => {
  const put = await fake.http("PUT", "/echo", "hark");
  expect([put.status, put.body]).toEqual([201, "hark"]);
  const got = await fake.http("GET", "/echo/a?say=hark");
  expect([got.status, got.body, got.headers["x-path"]]).toEqual([200, "hark", "/echo/a"]);
  for (const [path, status] of [
    ["/echo/fail", 500],
    ["/other", 404],
  ] as const)
    expect(await fake.http("GET", path)).toMatchObject({ status, body: "" });
  expect((await fake.http("PUT", "/echo", "x".repeat(262_145))).status).toBe(413);
  expect(fake.registered()).toContain("timers 0");
});
