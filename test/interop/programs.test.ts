// Programs of Debian's that send and receive by themselves: go-sendxmpp, and one of ours on libstrophe.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { temporaryFolder } from "../harness/children.ts";
import { needing } from "../harness/needing.ts";
import { find } from "../harness/software.ts";
import type { ForeignClient } from "./foreign-client.ts";
import { PASSWORD, type Region, startRegion } from "./region.ts";
import { CLIENTS } from "./scenario.ts";

let region: Region;
let juliet: ForeignClient;
const children: ChildProcess[] = [];

beforeAll(async () => {
  region = await startRegion("verona.test");
  for (const local of ["romeo", "juliet"]) await region.createAccount(local);
  juliet = await CLIENTS.slixmpp({
    jid: "juliet@verona.test/balcony",
    password: PASSWORD,
    transport: "starttls",
    service: region.service("starttls"),
    authority: region.authority,
  });
  juliet.tell({ do: "presence" });
  await juliet.expect({ event: "presence" });
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await juliet.stop();
  await region.stop();
});

/** Runs a program to its end. @throws Error with what it said, where that is not 0 */
async function run(program: string, args: readonly string[], input = "", env: Record<string, string> = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env } });
  children.push(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
  child.stdin.end(input);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${program} ended with ${code}:\n${said}`);
  return said;
}

needing("slixmpp", "go-sendxmpp").describe("go-sendxmpp", () => {
  const common = ["-u", "romeo@verona.test", "-p", PASSWORD];

  test.each(["starttls", "tls"] as const)("sends by %s", async (transport) => {
    const where = ["-j", region.service(transport), ...(transport === "tls" ? ["-t"] : [])];
    const to = "juliet@verona.test";
    await run(find("go-sendxmpp") ?? "", [...common, ...where, to], `by ${transport}`, {
      SSL_CERT_FILE: region.authority,
    });
    const { from } = await juliet.expect({ event: "message", body: `by ${transport}` });
    expect(from).toMatch(/^romeo@verona\.test\//);
  });
});

needing("slixmpp", "libstrophe").describe("libstrophe", () => {
  let program: string;
  beforeAll(async () => {
    program = join(temporaryFolder("libstrophe"), "client");
    const source = join(import.meta.dirname, "clients/libstrophe.c");
    await run(find("libstrophe") ?? "", ["-o", program, source, "-lstrophe"]);
  });

  test.each(["starttls", "tls"] as const)("sends and receives by %s", async (transport) => {
    const [host = "", port = ""] = region.service(transport).split(":");
    const jid = `romeo@verona.test/strophe-${transport}`;
    const ended = run(program, [jid, PASSWORD, host, port, transport, juliet.name, "Hark", region.authority]);
    await Promise.race([juliet.expect({ event: "message", from: jid, body: "Hark" }), ended]);
    juliet.tell({ do: "message", to: jid, body: "Ay me" });
    const events = await ended;
    expect(events).toContain(`{"event":"online","jid":"${jid}"}`);
    expect(events).toContain('{"event":"roster","type":"result"}');
    expect(events).toContain(`{"event":"message","from":"${juliet.name}","body":"Ay me"}`);
  });
});
