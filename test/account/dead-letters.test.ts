// A message that no client can take ends three deliveries and is the operator's then: on a node as it is run.
import { writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { meridian, type Running, run, temporaryFolder } from "../world/command.ts";
import { plainClient } from "./plain-client.ts";

const DOMAIN = "verona.test";
const PASSWORD = "a long password";

let folder: ReturnType<typeof temporaryFolder>;
let config: string;
let node: Running | undefined;
const sockets: Socket[] = [];

beforeEach(() => {
  folder = temporaryFolder();
  config = join(folder.path, "node.json");
  const settings = {
    node: "n1",
    hosts: [{ domain: DOMAIN }],
    listeners: [{ kind: "c2s", port: 0, tls: "none" }],
    storage: { kind: "sqlite", file: join(folder.path, "node.sqlite") },
    authentication: { requireTls: false, plainWithoutTls: true, scramIterations: 4096 },
    federation: { enabled: false },
  };
  writeFileSync(config, JSON.stringify(settings));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  node?.child.kill("SIGKILL");
  await node?.ended;
  node = undefined;
  folder.remove();
});

async function start(): Promise<number> {
  node = meridian(["serve", "--config", config]);
  const [listener] = await node.whenOutput((text) => {
    const line = text.split("\n").find((one) => one.includes('"msg":"ready"'));
    return line === undefined ? undefined : (JSON.parse(line) as { listeners: { port: number }[] }).listeners;
  });
  return listener?.port ?? 0;
}

const command = (...args: string[]) => run([...args, "--config", config], { input: `${PASSWORD}\n` });

test("after three log-ins what is behind it comes, its sender is told, and the operator reads it", async () => {
  const port = await start();
  const logIn = (local: string) => plainClient(port, { domain: DOMAIN, local, password: PASSWORD }, sockets);
  for (const local of ["romeo", "juliet"])
    expect(await command("account", "add", `${local}@${DOMAIN}`)).toMatchObject({ code: 0 });
  expect(await command("dead", "list")).toMatchObject({ code: 0, stdout: "no dead letters\n" });
  const juliet = await logIn("juliet");
  const to = `to='romeo@${DOMAIN}' type='chat'`;
  juliet.write(`<message ${to} id='p'><body>poison</body></message><message ${to}><body>behind</body></message>`);
  juliet.write(`<iq type='get' id='q' to='${DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  await juliet.until(/id='q'/);
  for (const _ of [1, 2, 3]) {
    const romeo = await logIn("romeo");
    romeo.write("<enable xmlns='urn:xmpp:sm:3'/><presence/>");
    await romeo.until(/poison/);
    romeo.cut();
  }
  expect(await juliet.until(/type='error'.*<\/message>/s)).toMatch(/id='p'.*<not-acceptable/s);
  const romeo = await logIn("romeo");
  romeo.write("<presence/>");
  expect(await romeo.until(/behind/)).not.toContain("poison");

  const { stdout } = await command("dead", "list", "--json");
  const { letters } = JSON.parse(stdout) as { letters: { id: string; account: string; from: string; text?: string }[] };
  const [letter] = letters;
  expect(letters).toHaveLength(1);
  expect(letter).toMatchObject({ account: `romeo@${DOMAIN}`, from: expect.stringMatching(/^juliet@/) });
  expect(letter).not.toHaveProperty("text");
  const id = letter?.id ?? "";
  expect((await command("dead", "show", id)).stdout).toContain("<body>poison</body>");
  expect(await command("dead", "remove", id)).toMatchObject({ code: 0, stdout: `${id} removed\n` });
  expect(await command("dead", "show", id)).toMatchObject({ code: 1, stderr: `there is no dead letter ${id}\n` });
}, 240_000);
