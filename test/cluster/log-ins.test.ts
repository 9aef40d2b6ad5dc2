// Guessing and registering at one node after the other, over a real Redis, which may go away.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { type RunningNode, startNode } from "../../app/node.ts";
import { NodeConfig } from "../../contract/contract.ts";
import { check } from "../../contract/load.ts";
import { plain, RawTcp } from "../attacks/raw.ts";
import { needing } from "../harness/needing.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";

const PATIENCE = 60_000;
const DOMAIN = "verona.test";
const { describe: described } = needing("redis");

let redis: TestRedis;
let nodes: RunningNode[];

async function node(name: string): Promise<RunningNode> {
  const config = {
    node: name,
    hosts: [{ domain: DOMAIN, modules: { register: { perAddressPerHour: 2 } } }],
    listeners: [{ kind: "c2s", port: 0, tls: "none" }],
    storage: { kind: "memory" },
    cluster: { redis: { urls: [redis.url] } },
    authentication: { plainWithoutTls: true, requireTls: false, failuresBeforeBan: 3, scramIterations: 4096 },
    federation: { enabled: false },
  };
  const started = await startNode(check(NodeConfig, config, "test"), { log: pino({ level: "silent" }) });
  nodes.push(started);
  await started.server.accounts.create(DOMAIN, "romeo", "the right password");
  return started;
}

/** What one more attempt at a node is answered. */
async function logIn(at: RunningNode, user: string, password: string): Promise<string> {
  const raw = await open(at);
  raw.send(plain(user, password));
  const answer = await raw.until(/<success|<\/failure>/);
  raw.destroy();
  return answer.includes("<success") ? "success" : (/<failure[^>]*><([a-z-]+)/.exec(answer)?.[1] ?? answer);
}

async function register(at: RunningNode, user: string): Promise<string> {
  const raw = await open(at);
  raw.send(
    `<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>${user}</username><password>long enough</password></query></iq>`,
  );
  const answer = await raw.until(/<iq [^>]*type='result'[^>]*>|<\/error>/);
  raw.destroy();
  return answer.includes("</error>") ? (/<error[^>]*><([a-z-]+)/.exec(answer)?.[1] ?? answer) : "result";
}

async function open(at: RunningNode): Promise<RawTcp> {
  const raw = await RawTcp.connect(at.listeners[0]?.port ?? 0);
  await raw.open(DOMAIN);
  return raw;
}

beforeEach(async () => {
  nodes = [];
  redis = await startRedis();
});

afterEach(async () => {
  await Promise.all(nodes.map((each) => each.stop()));
  await redis.end();
});

described("two nodes", () => {
  test(
    "ban together, and what one knows it knows without Redis",
    async () => {
      const [one, two] = [await node("n1"), await node("n2")];
      expect(await logIn(two, "romeo", "the right password")).toBe("success");
      for (const at of [one, two, one]) expect(await logIn(at, `user${Math.random()}`, "wrong")).toBe("not-authorized");
      expect(await logIn(two, "romeo", "the right password")).toBe("not-authorized");
      await redis.stop("SIGKILL");
      expect(await logIn(two, "romeo", "the right password")).toBe("not-authorized");
    },
    PATIENCE,
  );

  test(
    "count registrations together; without Redis each counts its own",
    async () => {
      const [one, two] = [await node("n1"), await node("n2")];
      expect(await register(one, "benvolio")).toBe("result");
      expect(await register(two, "mercutio")).toBe("result");
      expect(await register(one, "tybalt")).toBe("resource-constraint");
      await redis.stop("SIGKILL");
      expect(await register(two, "balthasar")).toBe("result");
      expect(await register(two, "gregory")).toBe("resource-constraint");
    },
    PATIENCE,
  );
});
