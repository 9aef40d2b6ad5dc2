// `npm start -- --nodes 2`: regions of several nodes behind HAProxy, with Redis and PostgreSQL; what dies comes back.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Element } from "ltx";
import { XmppClient } from "../../xmpp/client/client.ts";
import { needing } from "../harness/needing.ts";
import { startPostgres, type TestPostgres } from "../harness/postgres.ts";
import { startRedis, type TestRedis } from "../harness/redis.ts";
import { until } from "../harness/until.ts";
import {
  pidsOf,
  type Running,
  run,
  type StartedWorld,
  saidOf,
  startWorld,
  temporaryFolder,
  whenGone,
} from "./command.ts";

const folder = temporaryFolder();
const minutes = 180_000;
const patience = 60_000;

/** What still runs that was told of the folder: nodes, HAProxy. */
function leftOf(path: string): string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return pids.flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return line.includes(path) ? [`${pid} ${line}`] : [];
    } catch {
      return [];
    }
  });
}

const { describe: on } = needing("haproxy", "redis", "postgres");

on("two regions of two nodes", () => {
  let running: Running;
  let world: StartedWorld;

  beforeAll(async () => {
    ({ running, world } = await startWorld(["--regions", "2", "--nodes", "2", "--data", folder.path]));
  }, minutes);
  afterAll(async () => {
    running?.child.kill("SIGKILL");
    await whenGone(world ? pidsOf(world) : [], patience);
    folder.remove();
  }, minutes);

  const regionOf = (name: string) => world.regions.find((region) => region.name === name);

  async function logIn(region: string, resource: string, port = regionOf(region)?.ports.client ?? 0) {
    const { jid = "", password = "" } = world.accounts.find((account) => account.region === region) ?? {};
    const [local = "", domain = ""] = jid.split("@");
    const over = { kind: "tcp", host: "127.0.0.1", port, authority: readFileSync(world.authority, "utf8") } as const;
    return XmppClient.logIn({ domain, local, password, resource, over });
  }

  /** Port of the balancer that leads to a node alone, as the node tells its clients. */
  function ownPort(node: string): number {
    const config = JSON.parse(readFileSync(join(folder.path, "regions", node.slice(0, 2), `${node}.json`), "utf8"));
    return Number(config.cluster.location.split(":")[1]);
  }

  async function stateOf(region: string): Promise<{ state: string; nodes: { name: string; state: string }[] }> {
    const answer = await fetch(`${world.page}events`);
    const reader = answer.body?.getReader();
    const decoder = new TextDecoder();
    let text = "";
    while (!/^data: .*\n\n/m.test(text)) text += decoder.decode((await reader?.read())?.value);
    await reader?.cancel();
    const { regions } = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "");
    return regions.find(({ name }: { name: string }) => name === region);
  }

  test("every node runs, the regions are linked, and no password is told but the accounts'", () => {
    expect(world.regions.map(({ nodes }) => nodes.map(({ name, state }) => [name, state]))).toEqual([
      [
        ["us-1", "up"],
        ["us-2", "up"],
      ],
      [
        ["eu-1", "up"],
        ["eu-2", "up"],
      ],
    ]);
    expect(world.links).toEqual([{ regions: ["us", "eu"], state: "up" }]);
    expect(world.servers.map(({ name, url }) => [name, url.replace(/\d+\/?$/, "PORT")])).toEqual([
      ["Redis", "redis://127.0.0.1:PORT"],
      ["PostgreSQL", "postgres://meridian@127.0.0.1:PORT"],
    ]);
    const secret = readFileSync(join(folder.path, "redis-password"), "utf8").trim();
    expect(secret).toMatch(/^[0-9a-f]{32}$/);
    expect([running.stdout(), running.stderr()].join("").includes(secret)).toBe(false);
    for (const { pid = 0 } of world.servers) expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).not.toContain(secret);
  });

  test("the nodes of a region share domain, certificate, dialback secret and database, and nothing of another region", () => {
    const config = (region: string, node: number) =>
      JSON.parse(readFileSync(join(folder.path, "regions", region, `${region}-${node}.json`), "utf8"));
    for (const key of ["hosts", "storage", "federation"]) expect(config("us", 1)[key]).toEqual(config("us", 2)[key]);
    expect(config("us", 1).cluster.prefix).toBe("us");
    expect(config("eu", 1).cluster.prefix).toBe("eu");
    expect(config("us", 1).storage.url).not.toBe(config("eu", 1).storage.url);
  });

  test("a message from a session at one node arrives at a session at the other", async () => {
    const first = await logIn("us", "first", ownPort("us-1"));
    const second = await logIn("us", "second", ownPort("us-2"));
    for (const client of [first, second]) client.send(new Element("presence"));
    await first.next((element) => element.is("presence") && element.attrs.from === second.jid, "the other's presence");
    const message = new Element("message", { to: second.jid, type: "chat" });
    message.c("body").t("from the other node");
    const arrives = second.next((element) => element.getChildText("body") === "from the other node", "the message");
    first.send(message);
    expect((await arrives).attrs.from).toBe(first.jid);
    for (const client of [first, second]) client.close();
  });

  test(
    "a node that is killed is started again; its region stays up, and takes clients meanwhile",
    async () => {
      const [victim] = regionOf("eu")?.nodes ?? [];
      process.kill(victim?.pid ?? 0, "SIGKILL");
      await until(
        () => running.stderr(),
        () => /^eu-1 away .*started again after/m.test(running.stderr()),
        patience,
      );
      const client = await logIn("eu", "meanwhile");
      client.close();
      await until(
        () => running.stderr(),
        async () => (await stateOf("eu")).nodes.every(({ state }) => state === "up"),
        patience,
      );
      expect(await stateOf("eu")).toMatchObject({ state: "up" });
      expect(saidOf(running, "eu-1")).toEqual([
        expect.stringMatching(/^eu-1 away .*; it is started again after .*; its log: /),
        expect.stringMatching(/^eu-1 back +after /),
      ]);
      await until(
        "the balancer sends nobody to the node that came back",
        () =>
          logIn("eu", "again", ownPort("eu-1")).then(
            (again) => again.close() === undefined,
            () => false,
          ),
        patience,
      );
    },
    minutes,
  );

  test(
    "HAProxy, killed, comes back at the same ports",
    async () => {
      const haproxy = leftOf(join(folder.path, "haproxy")).find((line) => /^\d+ \S*haproxy /.test(line));
      process.kill(Number(haproxy?.split(" ")[0]), "SIGKILL");
      await until(
        () => running.stderr(),
        () => running.stderr().includes("HAProxy is up again"),
        patience,
      );
      const client = await logIn("us", "t");
      client.close();
      expect(running.stderr()).toMatch(/^HAProxy down {2}ended by SIGKILL; started again/m);
    },
    minutes,
  );

  test(
    "killed without warning, it leaves nothing behind; the next start has all that was kept, and ends in order",
    async () => {
      running.child.kill("SIGKILL");
      await whenGone(pidsOf(world), patience);
      await until(
        () => leftOf(folder.path).join("\n"),
        () => leftOf(folder.path).length === 0,
        patience,
      );
      const args = ["start", "--check", "--json", "--regions", "2", "--nodes", "2", "--data", folder.path];
      const checked = await run(args);
      expect([checked.code, checked.stderr]).toEqual([0, expect.not.stringContaining("→")]);
      const { outcomes } = JSON.parse(checked.stdout) as { outcomes: { from: string; to: string; what: string }[] };
      const inside = outcomes.filter(({ what }) => what === "message between nodes");
      const ways = inside.map(({ from, to }) => `${from} ${to}`).sort();
      expect(ways).toEqual(["eu-1 eu-2", "eu-2 eu-1", "us-1 us-2", "us-2 us-1"]);
      expect(leftOf(folder.path)).toEqual([]);
      // PostgreSQL takes it away at an orderly end.
      expect(existsSync(join(folder.path, "postgres", "data", "postmaster.pid"))).toBe(false);
    },
    minutes,
  );
});

const { describe: given } = needing("redis", "postgres");

given("servers that run already", () => {
  let redis: TestRedis;
  let postgres: TestPostgres;

  beforeAll(async () => {
    [redis, postgres] = await Promise.all([startRedis(["--requirepass", "short"]), startPostgres()]);
  }, minutes);
  afterAll(async () => {
    await Promise.all([redis?.end(), postgres?.end()]);
  });

  const url = () => redis.url.replace("//", "//:short@");

  test(
    "are taken for one node as well; a check leaves no database behind",
    async () => {
      const server = await postgres.createDatabase("meridian");
      const args = ["start", "--check", "--regions", "2", "--redis", url(), "--postgres", server];
      const { code, stdout, stderr } = await run(args);
      expect([code, stdout]).toEqual([0, expect.stringContaining("Everything arrived")]);
      expect(stderr).not.toContain("short");
      const { default: pg } = await import("pg");
      const client = new pg.Client({ connectionString: server });
      await client.connect();
      const { rows } = await client.query("select datname from pg_database where datname like 'meridian%'");
      await client.query("create database meridian_local_3_us");
      await client.end();
      expect(rows).toEqual([{ datname: "meridian" }]);
      // Somebody's own database is neither filled nor emptied.
      const kept = temporaryFolder();
      const refused = await run([...args, "--data", kept.path, "--fresh"]);
      expect([refused.code, refused.stderr]).toEqual([
        2,
        expect.stringContaining("meridian_local_3_us is there, and is not"),
      ]);
      kept.remove();
    },
    minutes,
  );

  test(
    "a wrong password is told with option and URL, and without the password",
    async () => {
      const { code, stderr } = await run(["start", "--redis", redis.url.replace("//", "//:wrong@")]);
      expect([code, stderr]).toEqual([2, expect.stringContaining(`--redis ${redis.url}`)]);
      expect(stderr).not.toContain("wrong@");
    },
    minutes,
  );
});
