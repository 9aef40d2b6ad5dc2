// `meridian rollout --target local` on a world that `npm start` runs: success, and bad changes rolled back at the canary.
import { Resolver } from "node:dns/promises";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Element } from "ltx";
import { accountsProbe } from "../../app/cli/rollout/accounts.ts";
import { worldControl } from "../../app/local-world/control-client.ts";
import { loadWorld } from "../../regions/world.ts";
import { XmppClient } from "../../xmpp/client/client.ts";
import { meridian, run, type StartedWorld, startWorld, temporaryFolder } from "../world/command.ts";

const minutes = 60_000;
const folder = temporaryFolder();
const data = join(folder.path, "world");
const example = new URL("../../regions/worlds/local-3.json", import.meta.url).pathname;
let stop: () => Promise<void>;
let world: StartedWorld;
/** A person of each region who never leaves by herself, and comes back when she is cut off. */
let people: Person[];

beforeAll(async () => {
  const started = await startWorld(["--data", data]);
  world = started.world;
  stop = async () => {
    started.running.child.kill("SIGTERM");
    await started.running.ended;
  };
  people = await Promise.all(world.regions.map(({ name }) => Person.arrive(name)));
}, 2 * minutes);

afterAll(async () => {
  for (const person of people ?? []) person.leave();
  await stop?.();
  folder.remove();
}, minutes);

class Person {
  readonly region: string;
  client: XmppClient;
  /** How often she came back. */
  returns = 0;
  private back: Promise<void> = Promise.resolve();
  private left = false;

  private constructor(region: string, client: XmppClient) {
    this.region = region;
    this.client = client;
    this.stay();
  }

  static async arrive(region: string): Promise<Person> {
    return new Person(region, await logIn(region));
  }

  /** Throws where she cannot be reached on the stream she has, or on the one she comes back by. */
  async ping(): Promise<void> {
    const asked = () => this.client.ask("get", undefined, new Element("ping", { xmlns: "urn:xmpp:ping" }));
    await asked().catch(async () => {
      await this.client.whenGone;
      await this.back;
      await asked();
    });
  }

  leave(): void {
    this.left = true;
    this.client.close();
  }

  private stay(): void {
    void this.client.whenGone.then(() => {
      if (!this.left) this.back = this.comeBack();
    });
  }

  private async comeBack(): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        this.client = await logIn(this.region);
        break;
      } catch (error) {
        if (this.left) return;
        if (attempt > 300) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    this.returns += 1;
    this.stay();
  }
}

/** As the demo account of a region, wherever it listens by now: another world may have taken its port meanwhile. */
async function logIn(region: string): Promise<XmppClient> {
  return XmppClient.logIn(await worldControl(data).logIn(region, "stays"));
}

/** The example world, changed; without time of watching. */
function changed(change: object): string {
  const file = JSON.parse(readFileSync(example, "utf8"));
  const path = join(folder.path, "changed.json");
  writeFileSync(path, JSON.stringify({ ...file, rollout: { ...file.rollout, bakeSeconds: 0 }, ...change }));
  return path;
}

const rollout = (...args: string[]) => run(["rollout", ...args, "--target", "local", "--data", data]);
const json = (text: string) => JSON.parse(text) as { exitCode: number; regions: { state: string; reason?: string }[] };
const states = (text: string) => json(text).regions.map(({ state }) => state);
const settings = (region: string) => JSON.parse(readFileSync(join(data, "regions", region, "node.json"), "utf8"));

test(
  "plan tells what would change, and changes nothing",
  async () => {
    const plan = await rollout("plan", changed({ image: "0.2.0" }), "--out", join(folder.path, "plan.json"));
    expect(plan).toMatchObject({ code: 0, stdout: expect.stringContaining("canary: us\n  wave 2: eu\n  wave 3: ap") });
    expect(plan.stdout).toContain("~ update meridian:local:Region eu (image)");
    expect(people.map(({ returns }) => returns)).toEqual([0, 0, 0]);
  },
  minutes,
);

test(
  "a configuration that breaks federation is stopped at the canary and rolled back; nobody elsewhere notices",
  async () => {
    const before = people.map(({ returns }) => returns);
    const file = changed({ federation: { enabled: false } });
    const ended = await rollout("up", file, "--gate-seconds", "3", "--json");
    expect([ended.code, states(ended.stdout)]).toEqual([4, ["rolled back", "pending", "pending"]]);
    expect(json(ended.stdout).regions[0]?.reason).toMatch(/^messages to every region and back: eu: /);
    for (const person of people) await person.ping();
    expect(people.slice(1).map(({ returns }) => returns)).toEqual(before.slice(1));
    expect(settings("us").federation.enabled).not.toBe(false);
  },
  2 * minutes,
);

test(
  "a version that does not start is stopped at the canary and rolled back",
  async () => {
    const broken = join(folder.path, "broken");
    mkdirSync(join(broken, "app"), { recursive: true });
    writeFileSync(join(broken, "app/main.ts"), 'process.stderr.write("no such feature\\n");\nprocess.exitCode = 1;\n');
    const ended = await rollout("up", changed({ image: broken }), "--json");
    expect([ended.code, states(ended.stdout)]).toEqual([4, ["rolled back", "pending", "pending"]]);
    expect(json(ended.stdout).regions[0]?.reason).toContain("no such feature");
    for (const person of people) await person.ping();
  },
  2 * minutes,
);

test(
  "success: three waves, every region has its new settings and its people are back",
  async () => {
    const file = changed({ image: "0.2.0", federation: { requireValidCertificate: true } });
    const ended = await rollout("up", file, "--gate-seconds", "120");
    expect(ended).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/local-3, done.*\nus {2}done\neu {2}done\nap {2}done\n$/),
    });
    expect(ended.stderr).toMatch(/canary: us\n.*us: done\nwave 2: eu\n.*eu: done\nwave 3: ap\n.*ap: done\n$/s);
    for (const { name } of world.regions) expect(settings(name).federation.requireValidCertificate).toBe(true);
    for (const person of people) await person.ping();
    expect((await rollout("drift")).stdout).toContain("ap: as it was rolled out");
    const history = await rollout("history", "--json");
    expect(JSON.parse(history.stdout).map(({ state }: { state: string }) => state)).toEqual([
      "done",
      "rolled back",
      "rolled back",
    ]);
    expect(existsSync(join(data, "rollout"))).toBe(true);
  },
  2 * minutes,
);

/** Runs a rollout and kills it, without a word, as soon as it says that. */
async function killedAt(said: string, ...args: string[]): Promise<void> {
  const tool = meridian(["rollout", ...args, "--target", "local", "--data", data, "--gate-seconds", "120"]);
  tool.child.stderr?.on("data", () => {
    if (tool.stderr().includes(said)) tool.child.kill("SIGKILL");
  });
  expect([await tool.ended, tool.stderr()]).toEqual(["SIGKILL", expect.stringContaining(said)]);
}

test(
  "killed in the middle of a change, while gates are tried, and while watching: resume goes on each time",
  async () => {
    const rules = { bakeSeconds: 3, canary: "us", parallelRegions: 1, continentShare: 1 };
    await killedAt("us: applying", "up", changed({ image: "0.3.0", rollout: rules }));
    await killedAt("eu: verifying", "resume");
    await killedAt("ap: baking", "resume");
    expect(JSON.parse((await rollout("status", "--json")).stdout).rollout.state).toBe("running");
    const ended = await rollout("resume", "--json");
    expect([ended.code, states(ended.stdout)]).toEqual([0, ["done", "done", "done"]]);
    for (const person of people) await person.ping();
  },
  3 * minutes,
);

test(
  "two tools at once: the second is told who is at work; abort from another terminal ends the first, which rolls back",
  async () => {
    const file = changed({ image: "0.4.0", rollout: { bakeSeconds: 600 } });
    const args = ["rollout", "up", file, "--target", "local", "--data", data, "--gate-seconds", "120", "--json"];
    const first = meridian(args);
    const watched = new Promise<void>((resolve) => {
      first.child.stderr?.on("data", () => first.stderr().includes("us: baking") && resolve());
    });
    await Promise.race([watched, first.ended]);
    const second = await run(args);
    expect([second.code, second.stdout]).toEqual([3, expect.stringContaining("has been rolling out")]);
    expect(await rollout("abort", "--json")).toMatchObject({ code: 0, stdout: expect.stringContaining("asked") });
    expect([await first.ended, states(first.stdout())]).toEqual([6, ["rolled back", "pending", "pending"]]);
    for (const person of people) await person.ping();
  },
  3 * minutes,
);

test(
  "drain leaves a region out of the global domain's answers, and takes it back in",
  async () => {
    const resolver = new Resolver();
    resolver.setServers([world.nameServer]);
    const answers = async () => {
      const records = await resolver.resolveSrv("_xmpp-client._tcp.meridian.test");
      return records.map(({ name }) => name.split(".").at(-3)).toSorted();
    };
    expect(await answers()).toEqual(["ap", "eu", "us"]);
    expect(await rollout("drain", "eu")).toMatchObject({ code: 0, stdout: expect.stringContaining("eu is out of") });
    expect(await answers()).toEqual(["ap", "us"]);
    expect((await rollout("drain", "eu", "--end")).code).toBe(0);
    expect(await answers()).toEqual(["ap", "eu", "us"]);
    expect(await resolver.resolveSrv("_xmpp-client._tcp.eu.meridian.test")).toHaveLength(1);
  },
  minutes,
);

test(
  "the synthetic client of AWS: accounts of a file log in, talk, resume their streams and ping",
  async () => {
    const file = join(folder.path, "accounts.json");
    const accounts: Record<string, object> = {};
    for (const { name } of world.regions) {
      const { local, domain, password, over } = await worldControl(data).logIn(name, "probe");
      const port = over.kind === "tcp" ? over.port : 0;
      accounts[name] = { jid: `${local}@${domain}`, password, host: "127.0.0.1", port, authority: world.authority };
    }
    writeFileSync(file, JSON.stringify(accounts), { mode: 0o600 });
    const probe = accountsProbe(loadWorld(example), file);
    await probe?.self("us");
    await probe?.resume("eu");
    await probe?.exchange("us", "ap");
    await probe?.ping("ap", "eu");
    expect(probe).toBeDefined();
  },
  minutes,
);

test(
  "without a world that runs: exit code 2 and what to do",
  async () => {
    const args = ["rollout", "plan", changed({}), "--target", "local"];
    const nowhere = await run(args, { env: { XDG_DATA_HOME: folder.path } });
    expect(nowhere).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("npm start") });
    const ended = await run([...args, "--data", folder.path]);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining("no world runs in") });
  },
  minutes,
);
