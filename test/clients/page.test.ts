// The terminal clients of docs/operations/clients.md, set up by what that page says and nothing else.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "@jest/globals";
import { needing } from "../harness/needing.ts";
import { find } from "../harness/software.ts";
import type { ForeignClient } from "../interop/foreign-client.ts";
import { PASSWORD, type Region, startRegion } from "../interop/region.ts";
import { CLIENTS } from "../interop/scenario.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../docs/operations/clients.md"), "utf8");
const PATIENCE = 60_000;

let region: Region;
let bob: ForeignClient;
let home: string;
let client: ChildProcess | undefined;

beforeAll(async () => {
  region = await startRegion("us.meridian.test");
  for (const name of ["alice", "bob"]) await region.createAccount(name);
});
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "home-"));
  const service = region.service("starttls");
  const login = { jid: "bob@us.meridian.test/desk", password: PASSWORD, transport: "starttls" } as const;
  bob = await CLIENTS["@xmpp/client"]({ ...login, service, authority: region.authority });
  bob.tell({ do: "presence" });
});
afterEach(async () => {
  client?.kill("SIGKILL");
  await bob.stop();
  rmSync(home, { recursive: true });
});
afterAll(() => region.stop());

/** The block that follows these words on the page, with the values of this region. */
function block(after: string): string {
  const text = PAGE.slice(PAGE.indexOf(after)).match(/```\w*\n(.*?)```/s)?.[1] ?? "";
  const port = region.service("starttls").split(":")[1] ?? "";
  return text.replaceAll("15322", port);
}

/** What it prints, so that a test can wait for it. */
function start(command: string, args: readonly string[]): (what: RegExp) => Promise<void> {
  const child = spawn(command, args, { env: { ...process.env, HOME: home, TERM: "xterm" } });
  client = child;
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text: Buffer) => {
      output += text.toString();
    });
  return (what) =>
    new Promise((resolve, reject) => {
      const look = () => what.test(output) && resolve();
      child.stdout.on("data", look);
      child.once("close", () => reject(new Error(`ended before ${what}:\n${output}`)));
      look();
    });
}

/** A program on a terminal of its own. */
function onTerminal(program: string): (what: RegExp) => Promise<void> {
  return start("/usr/bin/script", ["-qfec", `stty rows 40 cols 140; exec ${program}`, "/dev/null"]);
}

function type(...lines: readonly string[]): void {
  for (const line of lines) client?.stdin?.write(`${line}\r`);
}

const fromAlice = (body: string) => bob.expect({ event: "message", body });

needing("slixmpp").test(
  "slixmpp",
  async () => {
    const program = block("**slixmpp**")
      .replace("PASSWORD", JSON.stringify(PASSWORD))
      .replace("CA", JSON.stringify(region.authority));
    start(find("slixmpp") ?? "", ["-c", program]);
    expect((await fromAlice("hello")).from).toMatch(/^alice@us\.meridian\.test\//);
  },
  PATIENCE,
);

needing("profanity", "openssl").test(
  "Profanity",
  async () => {
    const folder = join(home, "authorities");
    mkdirSync(folder);
    copyFileSync(region.authority, join(folder, "ca.pem"));
    execFileSync(find("openssl") ?? "", ["rehash", folder]);
    const shows = onTerminal(find("profanity") ?? "");
    await shows(/\S/);
    type(...block("**Profanity**").replace("FOLDER", folder).trim().split("\n"), PASSWORD);
    await shows(/logged in successfully/);
    type("/msg bob@us.meridian.test hello by Profanity", "/quit");
    await fromAlice("hello by Profanity");
    if (client?.exitCode === null) await once(client, "close");
    expect(client?.exitCode).toBe(0);
  },
  PATIENCE,
);

needing("mcabber").test(
  "mcabber",
  async () => {
    mkdirSync(join(home, ".mcabber"), { mode: 0o700 });
    const settings = block("**mcabber**").replace("PASSWORD", PASSWORD);
    writeFileSync(join(home, ".mcabber", "mcabberrc"), settings, { mode: 0o600 });
    const shows = onTerminal(find("mcabber") ?? "");
    // It is connected before it has logged in, and sends nothing until then.
    await shows(/Your status has been set/);
    type("/say_to bob@us.meridian.test hello by mcabber", "/quit");
    await fromAlice("hello by mcabber");
    if (client?.exitCode === null) await once(client, "close");
    expect(client?.exitCode).toBe(0);
  },
  PATIENCE,
);
