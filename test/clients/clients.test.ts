// Clients that others wrote, in processes of their own: log-in, roster, messages, carbons, resumption where they can.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { ROSTERS } from "../../server/modules/roster/store.ts";
import { bound } from "../attacks/bound.ts";
import { DOMAIN, startTarget, type Target } from "../attacks/node.ts";
import { needing } from "../harness/needing.ts";
import { PASSWORD } from "../harness/scene-server.ts";
import { find } from "../harness/software.ts";

const PROGRAMS = join(import.meta.dirname, "programs");
const PATIENCE = 15_000;

let target: Target;
let folder: string;
let client: Client | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "clients-"));
});
beforeEach(async () => {
  target = await startTarget({ "authentication.requireTls": "false" });
  for (const name of ["romeo", "juliet"]) await target.account(name);
  await target.server.storage.of(ROSTERS).put(DOMAIN, "juliet", {
    jid: `romeo@${DOMAIN}`,
    name: "Romeo",
    groups: [],
    subscription: "none",
    ask: false,
    approved: false,
    pendingIn: undefined,
    listed: true,
  });
});
afterEach(async () => {
  client?.stop();
  await target.stop();
  target.noErrors();
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Told {
  readonly event: string;
  readonly jid?: string;
  readonly body?: string;
  readonly line?: string;
}

/** A client's process and what it told. */
class Client {
  private readonly process: ChildProcess;
  private readonly told: Told[] = [];
  private errors = "";
  private wake = () => {};

  constructor(program: string, args: readonly string[]) {
    this.process = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, HOME: folder } });
    createInterface({ input: this.process.stdout! }).on("line", (line) => {
      this.told.push(line.startsWith("{") ? (JSON.parse(line) as Told) : { event: "line", line });
      this.wake();
    });
    this.process.stderr!.on("data", (data) => {
      this.errors += data;
    });
    this.process.on("exit", (code) => {
      this.told.push({ event: `exit ${code}` });
      this.wake();
    });
  }

  /** Waits for an event; what came before it is passed over. */
  async event(name: string, fits: (told: Told) => boolean = () => true): Promise<Told> {
    const started = performance.now();
    for (;;) {
      const at = this.told.findIndex((told) => told.event === name && fits(told));
      if (at >= 0) return this.told.splice(0, at + 1).at(-1)!;
      if (performance.now() - started > PATIENCE)
        throw new Error(`no ${name}, but ${JSON.stringify(this.told)} ${this.errors.slice(-2000)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  input(text: string): void {
    this.process.stdin!.end(text);
  }

  stop(): void {
    this.process.kill("SIGKILL");
  }
}

function message(to: string, body: string): string {
  return `<message to='${to}' type='chat' id='${body}'><body>${body}</body></message>`;
}

/** Log-in, roster and messages both ways; who the client is. */
async function converse(one: Client): Promise<string> {
  client = one;
  expect((await one.event("roster")).jid).toBe(`romeo@${DOMAIN}`);
  const { jid = "" } = await one.event("online");
  const romeo = await bound(target, "romeo", "desk");
  romeo.send(message(jid, "hark"));
  expect(await romeo.until("echo hark")).toContain(`from='${jid}'`);
  romeo.destroy();
  return jid;
}

/** Copies of what another device of the account sends. */
async function carbons(one: Client): Promise<void> {
  const other = await bound(target, "juliet", "other");
  other.send(message(`romeo@${DOMAIN}`, "copied"));
  expect((await one.event("carbon")).body).toBe("copied");
  other.destroy();
}

async function end(one: Client, jid: string): Promise<void> {
  const romeo = await bound(target, "romeo", "desk");
  romeo.send(message(jid, "end"));
  await one.event("offline");
  romeo.destroy();
}

const node = (name: string) =>
  new Client(process.execPath, [
    join(PROGRAMS, name),
    `juliet@${DOMAIN}`,
    PASSWORD,
    `ws://127.0.0.1:${target.ports.http}/xmpp-websocket`,
  ]);

test("stanza over WebSocket: roster, messages, carbons, resumption", async () => {
  const one = node("stanza.ts");
  const jid = await converse(one);
  await carbons(one);
  const romeo = await bound(target, "romeo", "desk");
  romeo.send(message(jid, "cut"));
  await one.event("offline");
  romeo.send(message(jid, "meanwhile"));
  await one.event("resumed");
  await romeo.until("echo meanwhile");
  romeo.destroy();
  await end(one, jid);
}, 40_000);

test("strophe.js over WebSocket: roster, messages, carbons", async () => {
  const one = node("strophe.ts");
  const jid = await converse(one);
  await carbons(one);
  await end(one, jid);
}, 40_000);

needing("libstrophe").describe("libstrophe", () => {
  test.each(["starttls", "tls"] as const)(
    "over %s: roster, messages",
    async (transport) => {
      const program = join(folder, "libstrophe");
      if (!existsSync(program))
        execFileSync(find("libstrophe") ?? "", [
          "-Wall",
          "-Werror",
          "-o",
          program,
          join(PROGRAMS, "libstrophe.c"),
          "-lstrophe",
        ]);
      const port = transport === "tls" ? target.ports.c2sTls : target.ports.c2s;
      const one = new Client(program, [`juliet@${DOMAIN}`, PASSWORD, String(port), transport]);
      const jid = await converse(one);
      await end(one, jid);
    },
    40_000,
  );
});

needing("go-sendxmpp").describe("go-sendxmpp", () => {
  const login = (port: number) => ["-u", `juliet@${DOMAIN}`, "-p", PASSWORD, "-j", `127.0.0.1:${port}`, "-n"];

  test.each(["starttls", "tls"] as const)(
    "sends over %s",
    async (transport) => {
      const romeo = await bound(target, "romeo", "desk");
      romeo.send("<presence/>");
      const args = transport === "tls" ? [...login(target.ports.c2sTls), "-t"] : login(target.ports.c2s);
      client = new Client(find("go-sendxmpp") ?? "", [...args, `romeo@${DOMAIN}`]);
      client.input("hark by go");
      await romeo.until("hark by go");
      await client.event("exit 0");
      romeo.destroy();
    },
    40_000,
  );

  test("listens", async () => {
    client = new Client(find("go-sendxmpp") ?? "", [...login(target.ports.c2s), "-l"]);
    const host = target.server.router.hosts.get(DOMAIN);
    await target.settle("juliet online", () => (host?.sessions.available("juliet").length ?? 0) > 0);
    const romeo = await bound(target, "romeo", "desk");
    romeo.send(message(`juliet@${DOMAIN}`, "heard"));
    await client.event("line", ({ line }) => line?.includes("heard") ?? false);
    romeo.destroy();
  }, 40_000);
});
