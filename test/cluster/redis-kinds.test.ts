// Talks of several nodes over every kind of Redis: with a user's rights, with TLS, as Redis Cluster, and Valkey.
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { pino } from "pino";
import { ClusterConfig } from "../../contract/contract.ts";
import { cacheAccess } from "../../infra/cache-access.ts";
import { connectRedis, RedisUnavailable } from "../../server/cluster/redis/connection.ts";
import { removeFolder, temporaryFolder } from "../harness/children.ts";
import { needing } from "../harness/needing.ts";
import { parseTalk } from "../harness/parse-talk.ts";
import { type RedisSettings, startRedis, type TestRedis } from "../harness/redis.ts";
import { startRedisCluster } from "../harness/redis-cluster.ts";
import { runTalk } from "../harness/run-talk.ts";
import { Scene } from "../harness/scene.ts";
import { find } from "../harness/software.ts";
import type { Need } from "../packages.ts";

const TALKS = ["messages", "order", "presence", "roster", "resume-moved", "resume-broken", "conflict", "drain"];
const USER = "meridian-nodes";
const PASSWORD = "a-password-of-the-nodes";
const log = pino({ level: "silent" });

/** One kind of Redis: starts it, and says how nodes reach it. */
interface Kind {
  readonly name: string;
  /** What else the machine has to have. */
  readonly needs?: readonly Need[];
  start(): Promise<RedisSettings>;
}

const started: TestRedis[] = [];
let folder: string | undefined;

afterAll(async () => {
  await Promise.all(started.map((redis) => redis.end()));
  if (folder !== undefined) removeFolder(folder);
});

async function start(settings: readonly string[] = [], program?: string): Promise<TestRedis> {
  const redis = await startRedis(settings, program);
  started.push(redis);
  return redis;
}

const KINDS: readonly Kind[] = [
  {
    name: "a user with the rights that infra gives",
    async start() {
      const acl = ["--user", `${USER} ${cacheAccess} >${PASSWORD}`, "--user", "default off"];
      const { url } = await start(acl.flatMap((word) => (word.startsWith("--") ? [word] : word.split(" "))));
      return { urls: [url], username: USER, password: PASSWORD };
    },
  },
  {
    name: "TLS, its certificate checked",
    needs: ["openssl"],
    async start() {
      const { certificate, key } = localCertificate();
      const files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no"];
      const { port } = await start(["--port", "0", "--tls-port", "PORT", ...files]);
      return { urls: [`rediss://localhost:${port}`], authority: certificate };
    },
  },
  {
    name: "Redis Cluster of three",
    async start() {
      const masters = await startRedisCluster();
      started.push(...masters);
      return { urls: masters.map(({ url }) => url), cluster: true };
    },
  },
  {
    name: "Valkey",
    needs: ["valkey"],
    start: async () => ({ urls: [(await start([], find("valkey"))).url] }),
  },
];

for (const kind of KINDS)
  needing("redis", ...(kind.needs ?? [])).describe(kind.name, () => {
    let running: Promise<RedisSettings> | undefined;
    test.each(TALKS)("%s", async (name) => {
      running ??= kind.start();
      const text = readFileSync(join(import.meta.dirname, `../talks/cluster/${name}.talk`), "utf8");
      const talk = parseTalk(text, `${name}.talk`);
      for (const one of talk.cases) {
        await runTalk(talk, one, new Scene({ redis: await running }));
      }
    });
  });

const { describe: configured } = needing("redis", "openssl");

configured("what is configured wrongly is told, and the password is not", () => {
  const open = (settings: RedisSettings) => connectRedis(ClusterConfig.parse({ redis: settings }).redis, log);

  async function refusal(settings: RedisSettings): Promise<string> {
    const error = await open(settings).then(
      () => undefined,
      (problem: unknown) => problem,
    );
    expect(error).toBeInstanceOf(RedisUnavailable);
    return (error as Error).message;
  }

  test("a wrong password", async () => {
    const { port } = await start(["--requirepass", "the-right-password"]);
    const url = `redis://:not-that-password@127.0.0.1:${port}`;
    const message = await refusal({ urls: [url] });
    expect(message).toContain(`127.0.0.1:${port} does not answer`);
    expect(message).not.toContain("not-that-password");
    const redis = await open({ urls: [`redis://127.0.0.1:${port}`], password: "the-right-password" });
    expect(await redis.ping()).toBe("PONG");
    redis.disconnect();
  });

  test("an authority that is not the certificate's", async () => {
    const { certificate, key } = localCertificate();
    const files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no"];
    const { port } = await start(["--port", "0", "--tls-port", "PORT", ...files]);
    expect(await refusal({ urls: [`rediss://localhost:${port}`] })).toContain("self-signed certificate");
  });
});

/** A certificate of localhost that is its own authority, readable by whoever runs the server. */
function localCertificate(): { certificate: string; key: string } {
  folder ??= temporaryFolder("redis-tls");
  chmodSync(folder, 0o755);
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync(find("openssl") ?? "", [...made, ...subject, "-keyout", key, "-out", certificate], { stdio: "ignore" });
  chmodSync(key, 0o644);
  return { certificate, key };
}
