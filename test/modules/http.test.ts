// HTTP of modules over a socket: bodies within bytes and time or as they come, domains of their own, and reloads.
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import Fastify, { type FastifyInstance } from "fastify";
import { pino } from "pino";
import { z } from "zod";
import { serveModules } from "../../server/edge/http-routes.ts";
import { defineModule } from "../../server/module/define.ts";
import { FakeHost } from "../harness/fake-host.ts";
import { turns } from "../harness/manual-clock.ts";

const PATIENCE = 10_000;

let ready: Promise<void> | undefined;

/** What the module does with each piece of a body before it takes the next. */
let slow: Promise<void> | undefined;

let took = () => {};
/** Resolves once the module has the next piece of a body. */
const nextPiece = () =>
  new Promise<void>((resolve) => {
    took = resolve;
  });

/** Takes files at a domain of its own, and gives back what it was given. */
const files = defineModule({
  name: "files",
  implements: [],
  services: ["http"],
  domain: (_settings, host) => `files.${host}`,
  routes: [
    { method: "PUT", path: "/small" },
    { method: "PUT", path: "/large", bodyBytes: 2_000 },
    { method: "PUT", path: "/streamed", bodyBytes: 1_000_000, streams: true },
    { method: "PUT", path: "/unread", bodyBytes: 1_000_000, streams: true },
    { method: "PUT", path: "/begun", bodyBytes: 1_000_000, streams: true },
    { method: "PUT", path: "/endless" },
  ],
  config: z.strictObject({ version: z.number().default(1) }),
  async activate(host) {
    await ready;
    host.http({ method: "PUT", path: "/small" }, ({ body }) => ({ status: 200, body: `host ${body.length}` }));
    host.http({ method: "PUT", path: "/large" }, ({ body }) => ({ status: 200, body: `host ${body.length}` }));
    host.own.http({ method: "PUT", path: "/small" }, ({ body }) => ({ status: 200, body: `own ${body.length}` }));
    host.own.http({ method: "PUT", path: "/streamed" }, async ({ stream, body }) => {
      expect(body).toHaveLength(0);
      const pieces: Buffer[] = [];
      for await (const piece of stream) {
        pieces.push(piece);
        took();
        await slow;
      }
      return { status: 201, body: Readable.from(pieces) };
    });
    host.own.http({ method: "PUT", path: "/begun" }, async ({ stream }) => {
      await stream[Symbol.asyncIterator]().next();
      return { status: 200, body: "enough" };
    });
    host.own.http({ method: "PUT", path: "/endless" }, () => {
      const body = new Readable({ read: () => {} });
      body.push("and so on");
      return { status: 200, body };
    });
    host.own.http({ method: "PUT", path: "/unread" }, () => ({ status: 200, body: "no need" }));
  },
});

let fake: FakeHost;
let app: FastifyInstance;
const logged: string[] = [];
const sockets: Socket[] = [];

beforeEach(async () => {
  ready = undefined;
  slow = undefined;
  logged.length = 0;
  fake = await FakeHost.with([files]);
  app = Fastify({ forceCloseConnections: true });
  const log = pino({}, { write: (line: string) => void logged.push(line) });
  const hosts = new Map([["verona.test", fake.host]]);
  serveModules(app, { hosts, log, clock: fake.clock, bodyBytes: 100, patience: PATIENCE });
  await app.listen({ port: 0, host: "127.0.0.1" });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await app.close();
});

/** Sends the head of a request, and whatever of its body is there. */
function request(host: string, path: string, body: string, length = body.length) {
  const socket = connect((app.server.address() as AddressInfo).port, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => {});
  let text = "";
  socket.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  socket.write(`PUT ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${length}\r\n\r\n${body}`);
  /** Resolves once what came matches. */
  const until = async (pattern: RegExp) => {
    while (!pattern.test(text)) await once(socket, "data");
  };
  return { socket, until, told: () => text };
}

/** Resolves once the listener has seen a request. */
const seen = () => once(app.server, "request").then(() => turns(3));

test("a body may have what its route allows, and without a word what a stanza may", async () => {
  for (const [path, most] of [
    ["/small", 100],
    ["/large", 2_000],
  ] as const) {
    await request("verona.test", path, "x".repeat(most)).until(new RegExp(`200 OK.*host ${most}`, "s"));
    // Told before any of it has come.
    await request("verona.test", path, "", most + 1).until(/^HTTP\/1\.1 413 .*connection: close/s);
  }
});

test("without a length it is counted as it comes", async () => {
  const { socket, until } = request("verona.test", "/unknown", "");
  socket.write("PUT /small HTTP/1.1\r\nhost: verona.test\r\ntransfer-encoding: chunked\r\n\r\n");
  for (let piece = 0; piece < 11; piece++) socket.write(`a\r\n${"x".repeat(10)}\r\n`);
  await until(/404 .*413 /s);
});

test("a route that streams has the body as it comes, however long it takes as long as it comes", async () => {
  const first = nextPiece();
  const { socket, until } = request("files.verona.test", "/streamed", "one ", 12);
  await first;
  for (const piece of ["two ", "four"]) {
    await fake.clock.advance(PATIENCE - 1);
    const taken = nextPiece();
    socket.write(piece);
    await taken;
  }
  await until(/^HTTP\/1\.1 201 .*one two four/s);
});

test("one that comes no further is ended, whole or streamed, and no fault of the route", async () => {
  for (const [host, path] of [
    ["verona.test", "/large"],
    ["files.verona.test", "/streamed"],
  ] as const) {
    const seeing = seen();
    const half = request(host, path, "half", 8);
    const closed = once(half.socket, "close");
    await seeing;
    await fake.clock.advance(PATIENCE);
    await closed;
    expect(half.told()).toMatch(/^HTTP\/1\.1 408 /);
  }
  expect(logged).toEqual([]);
});

test.each([
  ["/unread", /200 OK.*no need/s],
  ["/begun", /200 OK.*enough/s],
])("a body that nobody reads (any further) ends with its time as well: %s", async (path, answer) => {
  const { socket, until } = request("files.verona.test", path, "half", 8);
  const closed = once(socket, "close");
  await until(answer);
  await fake.clock.advance(PATIENCE);
  await closed;
});

test("a module may take its time with a piece: its client is waited for only while the next is", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  slow = promise;
  const first = nextPiece();
  const { socket, until, told } = request("files.verona.test", "/streamed", "one ", 8);
  const closed = once(socket, "close");
  await first;
  await fake.clock.advance(3 * PATIENCE);
  expect([socket.closed, told()]).toEqual([false, ""]);
  resolve();
  await turns(3);
  await fake.clock.advance(PATIENCE - 1);
  socket.write("more");
  await until(/^HTTP\/1\.1 201 .*one more/s);
  socket.destroy();
  await closed;
});

test("one that is late behind an answer that is not over yet says nothing in the middle of that", async () => {
  const { socket, until, told } = request("files.verona.test", "/endless", "");
  const closed = once(socket, "close");
  await until(/200 OK.*and so on/s);
  const seeing = seen();
  socket.write("PUT /large HTTP/1.1\r\nhost: verona.test\r\ncontent-length: 8\r\n\r\nhalf");
  await seeing;
  await fake.clock.advance(PATIENCE);
  await closed;
  expect(told()).toMatch(/and so on\r\n$/);
});

test("a domain of a module's own has its own routes, as long as the module runs", async () => {
  await request("files.verona.test", "/small", "abc").until(/own 3/);
  await request("verona.test", "/small", "abc").until(/host 3/);
  await request("verona.test", "/streamed", "abc").until(/^HTTP\/1\.1 404 /);
  expect(fake.registered()).toContain("HTTP files.verona.test PUT /small");
  await fake.become([]);
  await request("files.verona.test", "/small", "abc").until(/^HTTP\/1\.1 404 /);
});

test("while the module is reloaded its requests wait for it", async () => {
  let go = () => {};
  ready = new Promise((resolve) => {
    go = resolve;
  });
  const change = fake.become([[files, { version: 2 }]]);
  const waiting: ReturnType<typeof request>[] = [];
  for (const host of ["verona.test", "files.verona.test"]) {
    const seeing = seen();
    waiting.push(request(host, "/small", "abc"));
    await seeing;
  }
  expect(waiting.map(({ told }) => told())).toEqual(["", ""]);
  go();
  await change;
  await waiting[0]?.until(/host 3/);
  await waiting[1]?.until(/own 3/);
});

test("one that waits too long is told to come again", async () => {
  let go = () => {};
  ready = new Promise((resolve) => {
    go = resolve;
  });
  const change = fake.become([[files, { version: 2 }]]);
  const seeing = seen();
  const { until } = request("files.verona.test", "/small", "abc");
  await seeing;
  await fake.clock.advance(5_000);
  await until(/^HTTP\/1\.1 503 .*retry-after: 5/s);
  go();
  await change;
});
