// Records of our own with TLS that others wrote: OpenSSL's own client, GnuTLS, Python.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "@jest/globals";
import { needing } from "../harness/needing.ts";
import { find } from "../harness/software.ts";
import { RecordsServer } from "./records-server.ts";

const PATIENCE = 10_000;

let server: RecordsServer;
let folder: string;
let program: Program | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "records-"));
});
beforeEach(async () => {
  server = await RecordsServer.start();
});
afterEach(async () => {
  await program?.stop();
  await server.stop();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A client's process, and what it said. */
class Program {
  private readonly process: ChildProcess;
  private text = "";
  private seen = 0;
  private over = false;
  private wake = () => {};

  constructor(command: string, args: readonly string[]) {
    this.process = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.on("data", (bytes) => {
        this.text += bytes;
        this.wake();
      });
    this.process.on("close", () => {
      this.over = true;
      this.wake();
    });
    this.process.stdin?.on("error", () => {});
  }

  say(text: string): void {
    this.process.stdin?.write(text);
  }

  /** Waits until it said this, behind what was waited for before. */
  async until(what: string): Promise<void> {
    for (;;) {
      const at = this.text.indexOf(what, this.seen);
      if (at >= 0) {
        this.seen = at + what.length;
        return;
      }
      if (this.over) throw new Error(`it ended before ${what}: ${this.text.slice(this.seen)}`);
      await this.change(what);
    }
  }

  async stop(): Promise<void> {
    if (this.over) return;
    const closed = once(this.process, "close");
    this.process.kill("SIGKILL");
    await closed;
  }

  private change(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${what}: ${this.text.slice(this.seen)}`)), PATIENCE);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const openssl = needing("openssl");

function sClient(...args: string[]): Program {
  program = new Program(find("openssl") ?? "", ["s_client", "-connect", `127.0.0.1:${server.port}`, ...args]);
  return program;
}

const SUITES = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

openssl.test.each(SUITES.flatMap((suite) => ["X25519", "P-256"].map((group) => [suite, group] as const)))(
  "openssl s_client with %s and %s: text, new keys of one side, of both, and the end",
  async (suite, group) => {
    const accepted = server.next();
    const client = sClient("-tls1_3", "-ciphersuites", suite, "-groups", group);
    const { transport, closed } = await accepted;
    expect(transport.tls?.socket).toBeUndefined();
    client.say("one\n");
    await client.until("<one");
    for (const command of ["k", "K", "K", "k"]) {
      client.say(`${command}\n`);
      await client.until("KEYUPDATE");
      client.say(`after ${command}\n`);
      await client.until(`<after ${command}`);
    }
    client.say("Q\n");
    expect(await closed).toBeUndefined();
  },
);

openssl.test("openssl s_client resumes its session by a ticket", async () => {
  const file = join(folder, "session.pem");
  const first = sClient("-tls1_3", "-sess_out", file);
  await first.until("New, TLSv1.3");
  first.say("one\n");
  await first.until("<one");
  first.say("Q\n");
  await (await firstConnection()).closed;
  await first.stop();
  const again = server.next();
  const second = sClient("-tls1_3", "-sess_in", file);
  await second.until("Reused, TLSv1.3");
  second.say("two\n");
  await second.until("<two");
  expect((await again).transport.tls?.socket).toBeUndefined();
});

async function firstConnection() {
  return server.connections[0] ?? (await server.next());
}

openssl.test("openssl s_client with TLS 1.2", async () => {
  const accepted = server.next();
  const client = sClient("-tls1_2");
  expect((await accepted).transport.tls?.socket).toBeDefined();
  client.say("old\n");
  await client.until("<old");
});

needing("gnutls").test.each([
  ["NORMAL:-VERS-ALL:+VERS-TLS1.3", true],
  ["NORMAL:-VERS-ALL:+VERS-TLS1.3:%NO_TICKETS", true],
  ["NORMAL:-VERS-ALL:+VERS-TLS1.2", false],
] as const)("gnutls-cli with %s", async (priority, own) => {
  const accepted = server.next();
  const options = ["--insecure", "--port", String(server.port), "--priority", priority, "127.0.0.1"];
  program = new Program(find("gnutls") ?? "", options);
  const { transport } = await accepted;
  expect(transport.tls?.socket === undefined).toBe(own);
  const long = "l".repeat(3000);
  for (const text of ["one", long]) {
    program.say(`${text}\n`);
    await program.until(`<${text}`);
  }
});

const PYTHON = `
import socket, ssl, sys
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as raw:
    tls = context.wrap_socket(raw, server_hostname="verona.test")
    for text in (b"one", b"x" * 100000):
        tls.sendall(text)
        echoed = b""
        while len(echoed.replace(b"<", b"").replace(b">", b"")) < len(text):
            echoed += tls.recv(65536)
    version = tls.version()
    tls.unwrap()  # sends close_notify, and waits for ours
    print("in order", version)
`;

needing("python").test("Python's ssl, which insists on an orderly end", async () => {
  const accepted = server.next();
  program = new Program(find("python") ?? "", ["-c", PYTHON, String(server.port)]);
  const { transport, closed } = await accepted;
  expect(transport.tls?.socket).toBeUndefined();
  await program.until("in order TLSv1.3");
  expect(await closed).toBeUndefined();
});
