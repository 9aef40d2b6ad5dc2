// Wrong options, busy ports, broken files: a clear message, exit code 2, nothing left running.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { run, temporaryFolder } from "./command.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

test.each([
  [["start", "--regions", "9"], "--regions 9: expected 1 to 7"],
  [["start", "--regions", "two"], "--regions <number>"],
  [["start", "--frobnicate"], "--frobnicate"],
  [["start", "--port", "70000"], "--port <port>"],
  [["start", "--world", "/nowhere/world.json"], "/nowhere/world.json:\n  cannot be read"],
  [["start", "--data", "/proc"], "--data /proc: the folder holds something else"],
  [["start", "--nodes", "0"], "--nodes <number>"],
  [["start", "--nodes", "21"], "--nodes 21: expected 1 to 20"],
  [["start", "--redis", "http://127.0.0.1:1"], "--redis http://127.0.0.1:1/: expected redis://host:port or rediss://"],
  [["start", "--redis", "redis:secret"], "--redis redis:secret: expected redis://host:port"],
  [["start", "--postgres", "mysql://u:secret@127.0.0.1"], "--postgres mysql://u@127.0.0.1: expected postgres://host"],
  [["serve"], "--config <file>"],
  [["serve", "--config", "/nowhere/node.json"], "/nowhere/node.json:\n  cannot be read"],
  [["account", "add", "no-jid", "--config", "/nowhere"], "no-jid: expected an account"],
  [["s2s", "test", "@@", "--config", "/nowhere"], "@@: expected a domain"],
  [["s2s", "reset", "a@b.test", "--config", "/nowhere"], "a@b.test: expected a domain"],
  [["frob"], "unknown command 'frob'"],
])("%j", async (args, message) => {
  const { code, stdout, stderr } = await run(args);
  expect(stderr).toContain(message);
  expect([code, stdout]).toEqual([2, ""]);
});

test("programs that are missing: what they are called, and the command that installs all of them", async () => {
  const env = { MERIDIAN_PROGRAMS: folder.path };
  const all = await run(["start", "--nodes", "3"], { env });
  expect(all).toMatchObject({ code: 2, stdout: "" });
  expect(all.stderr).toContain("--nodes 3 needs HAProxy, Redis (or Valkey), and PostgreSQL");
  expect(all.stderr).toContain("apt-get install -y haproxy redis-server postgresql\n");
  const given = await run(["start", "--nodes", "3", "--redis", "redis://h:1", "--postgres", "postgres://h:1"], { env });
  expect(given.stderr).toContain("--nodes 3 needs HAProxy, which");
  expect(given.stderr).toContain("apt-get install -y haproxy\n");
});

test.each([
  ["--redis", "redis://:secret@127.0.0.1:1", "redis://127.0.0.1:1"],
  ["--postgres", "postgres://u:secret@127.0.0.1:1/x", "postgres://u@127.0.0.1:1/x"],
])("%s where nobody answers: option, URL and reason, and no password", async (option, url, shown) => {
  const { code, stdout, stderr } = await run([
    "start",
    option,
    url,
    "--port",
    "0",
    "--data",
    join(folder.path, "away"),
  ]);
  expect(stderr).toContain(`${option} ${shown}: `);
  expect(stderr).toContain("ECONNREFUSED");
  expect(stderr).not.toContain("secret");
  expect([code, stdout]).toEqual([2, ""]);
});

test("a broken world file: every mistake with its path and what is allowed", async () => {
  const file = join(folder.path, "broken.json");
  writeFileSync(
    file,
    JSON.stringify({ name: "w1", domains: { global: "w.test" }, regions: [{ name: "EU", wave: 0 }] }),
  );
  const { code, stderr } = await run(["start", "--world", file]);
  expect(stderr).toContain("regions[0].name: 2 to 12 of a-z");
  expect(stderr).toContain("regions[0].location:");
  expect(stderr).toContain("regions[0].wave: a wave is a whole number from 1");
  expect(code).toBe(2);
});

/** A node's configuration on ports of the system's choice, with other settings beside. */
function nodeFile(name: string, more: object): string {
  const file = join(folder.path, `${name}.json`);
  const listeners = [
    { kind: "s2s", port: 0 },
    { kind: "c2s", port: 0, tls: "none" },
  ];
  const given = { node: "n", hosts: [{ domain: "a.test" }], storage: { kind: "memory" }, listeners, ...more };
  writeFileSync(file, JSON.stringify({ authentication: { requireTls: false }, ...given }));
  return file;
}

test("a node that cannot have all it asks for ends by itself, whatever listens already", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const busy = nodeFile("busy", {
    listeners: [
      { kind: "s2s", port: 0 },
      { kind: "c2s", port, tls: "none" },
    ],
  });
  expect(await run(["serve", "--config", busy])).toMatchObject({
    code: 2,
    stderr: `listeners[1].port: 127.0.0.1 port ${port} is in use by another process\n`,
  });
  other.close();
  const unsafe = nodeFile("unsafe", { adminSocket: "/tmp/meridian-wrong-use.sock" });
  const { code, stderr } = await run(["serve", "--config", unsafe]);
  expect(stderr).toMatch(/^adminSocket: \/tmp .*\n$/);
  expect(code).toBe(1);
});

test.each(["starttls", "none"])(
  "a host nobody could log in to (%s): serve refuses it as config check does",
  async (tls) => {
    const listeners = [{ kind: "c2s", port: 0, tls }];
    const file = nodeFile("shut", { authentication: {}, listeners });
    const said = `${file}:\n  hosts[0].certificate: is missing: authentication.requireTls lets no client of a.test log in without TLS`;
    const check = await run(["config", "check", file]);
    expect([check.code, check.stderr.replace(/ \(line 1, column \d+\)\n$/, "")]).toEqual([2, said]);
    expect(await run(["serve", "--config", file])).toMatchObject({ code: 2, stderr: `${said}\n` });
  },
);

const c2sAt = (address: string) => ({ listeners: [{ kind: "c2s", port: 0, tls: "none", address }] });

test.each([
  ["adminSocket: /proc/meridian", { adminSocket: "/proc/meridian/node.sock" }, "adminSocket: "],
  ["adminSocket: /dev/null/", { adminSocket: "/dev/null/node.sock" }, "adminSocket: "],
  ["adminSocket: /tmp/xxx", { adminSocket: `/tmp/${"x".repeat(110)}/node.sock` }, "has 125 bytes"],
  ["storage.file: /proc/meridian", { storage: { kind: "sqlite", file: "/proc/meridian/node.db" } }, "/proc/meridian"],
  [
    'storage.stores.offlin: no such store; did you mean "offline"?',
    { storage: { kind: "memory", stores: { offlin: { kind: "memory" } } } },
    "storage.stores.offlin: no such store",
  ],
  [
    "storage.stores.offline.file: /proc/meridian",
    { storage: { kind: "memory", stores: { offline: { kind: "sqlite", file: "/proc/meridian/offline.db" } } } },
    "/proc/meridian",
  ],
  [
    "listeners[0].address: nowhere.invalid leads",
    c2sAt("nowhere.invalid"),
    "listeners[0].address: nowhere.invalid leads",
  ],
])("%s …: config check tells what serve would end with, and serve names it", async (said, settings, served) => {
  const file = nodeFile("unfit-place", settings);
  const check = await run(["config", "check", file]);
  expect(check.stderr).toContain(`\n  ${said}`);
  expect(check.code).toBe(2);
  const { code, stdout, stderr } = await run(["serve", "--config", file]);
  expect(stderr).toContain(served);
  expect(stderr).not.toContain("    at ");
  expect(stdout).not.toContain('"ready"');
  expect(code).not.toBe(0);
});

test("config check looks into the database file", async () => {
  const file = join(folder.path, "no.db");
  const config = nodeFile("no-database", { storage: { kind: "sqlite", file } });
  expect(await run(["config", "check", config])).toMatchObject({ code: 0 });
  writeFileSync(file, "");
  expect(await run(["config", "check", config])).toMatchObject({ code: 0 });
  writeFileSync(file, "SQLite format 3\0 and so on");
  expect(await run(["config", "check", config])).toMatchObject({ code: 0 });
  writeFileSync(file, "SQLite format 4 and so on");
  const { code, stderr } = await run(["config", "check", config]);
  expect(stderr).toContain(`storage.file: ${file} is no SQLite database`);
  expect(code).toBe(2);
  const folderItself = nodeFile("folder-database", { storage: { kind: "sqlite", file: folder.path } });
  expect((await run(["config", "check", folderItself])).stderr).toContain("cannot be read and written (EISDIR)");
});

test("config check tells every file that a configuration names and that cannot be read", async () => {
  const secret = { file: "/nowhere/secret" };
  const named = nodeFile("named", {
    components: [{ domain: "c.test", secret }],
    cluster: { redis: { urls: ["rediss://redis.test"], authority: "/nowhere/ca.pem", password: secret } },
    authentication: {
      requireTls: false,
      tokenSecret: secret,
      clientAuthorities: ["/nowhere/ca.pem"],
      providers: [
        { kind: "jwt", algorithm: "RS256", publicKeyFile: "/nowhere/key.pem" },
        { kind: "http", url: "https://auth.test", token: secret },
      ],
    },
    federation: { dialbackSecret: secret, trustedAuthorities: ["/nowhere/ca.pem"] },
  });
  const { code, stdout } = await run(["config", "check", named, "--json"]);
  const { problems } = JSON.parse(stdout) as { problems: string[] };
  expect(
    problems.map((problem) => problem.replace(/: \S+ cannot be read \(ENOENT\) \(line 1, column \d+\)$/, "")).sort(),
  ).toEqual([
    "authentication.clientAuthorities[0]",
    "authentication.providers[0].publicKeyFile",
    "authentication.providers[1].token.file",
    "authentication.tokenSecret.file",
    "cluster.redis.authority",
    "cluster.redis.password.file",
    "components[0].secret.file",
    "federation.dialbackSecret.file",
    "federation.trustedAuthorities[0]",
  ]);
  expect(code).toBe(2);
});

test("config check reads what is named as a node would; what serve finds, it tells with its setting and file", async () => {
  const empty = join(folder.path, "empty");
  writeFileSync(empty, "\n");
  const secret = { file: empty };
  const named = nodeFile("unfit", {
    components: [{ domain: "c.test", secret: { env: "MERIDIAN_NOT_SET" } }],
    cluster: { redis: { urls: ["rediss://redis.test"], authority: empty, password: secret } },
    authentication: {
      requireTls: false,
      tokenSecret: secret,
      clientAuthorities: [empty],
      providers: [
        { kind: "jwt", algorithm: "RS256", publicKeyFile: empty },
        { kind: "http", url: "https://auth.test", token: secret },
      ],
    },
    federation: { dialbackSecret: secret, trustedAuthorities: [empty] },
  });
  const none = "has no PEM certificate (-----BEGIN CERTIFICATE-----)";
  const { code, stdout } = await run(["config", "check", named, "--json"]);
  const { problems } = JSON.parse(stdout) as { problems: string[] };
  expect([code, ...problems.map((problem) => problem.replace(/ \(line 1, column \d+\)$/, "")).sort()]).toEqual([
    2,
    `authentication.clientAuthorities[0]: ${empty} ${none}`,
    `authentication.providers[0].publicKeyFile: ${empty}: JWT: this is no public key or certificate in PEM`,
    `authentication.providers[1].token.file: ${empty} is empty`,
    `authentication.tokenSecret.file: ${empty} is empty`,
    `cluster.redis.authority: ${empty} ${none}`,
    `cluster.redis.password.file: ${empty} is empty`,
    `federation.dialbackSecret.file: ${empty} is empty`,
    `federation.trustedAuthorities[0]: ${empty} ${none}`,
  ]);
  const unset = nodeFile("unset", { components: [{ domain: "c.test", secret: { env: "MERIDIAN_NOT_SET" } }] });
  expect(await run(["config", "check", unset])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /components\[0\]\.secret\.env: the variable MERIDIAN_NOT_SET is not set here\ncomponents\[0\]: no listener of kind component takes c\.test/,
    ),
  });
  for (const [setting, wrong] of [
    ["trustedAuthorities[0]", { trustedAuthorities: [empty] }],
    ["dialbackSecret.file", { dialbackSecret: secret }],
  ] as const)
    expect(await run(["serve", "--config", nodeFile("served", { federation: wrong })])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        new RegExp(`^configuration:\\n  federation\\.${setting.replace(/[[\]]/g, "\\$&")}: .*\\n$`),
      ),
    });
});

test("config check tells where a certificate, a module's setting and a file are written, in every host", async () => {
  const file = join(folder.path, "places.json");
  writeFileSync(
    file,
    `{ "node": "n", "storage": { "kind": "memory" }, "authentication": { "requireTls": false },
  "listeners": [{ "kind": "c2s", "port": 0 }],
  "hosts": [{ "domain": "bücher.test",
      "certificate": { "certificate": "/nowhere/a.pem",
        "key": "/nowhere/a.key" } },
    { "domain": "a.test", "modules": {
        "offline": { "maxMesages": 1 } } },
    { "domain": "b.test", "modules": { "offlin": {} } }],
  "federation": { "trustedAuthorities": [
      "/nowhere/ca.pem"] } }`,
  );
  const { code, stdout } = await run(["config", "check", file, "--json"]);
  const { problems } = JSON.parse(stdout) as { problems: string[] };
  const places = problems.map((problem) => problem.replace(/: .* \((line \d+, column \d+)\)$/s, " $1"));
  expect([code, ...places.sort()]).toEqual([
    2,
    "federation.trustedAuthorities[0] line 10, column 7",
    "hosts[0].certificate.certificate line 4, column 24",
    "hosts[0].certificate.key line 5, column 9",
    expect.stringMatching(/^hosts\[1\]\.modules\.offline\S* line 7, column \d+$/),
    "hosts[2].modules.offlin line 8, column 40",
  ]);
});

test("a test of the way to a domain of one's own, however it is written, says that there is none", async () => {
  const { code, stderr } = await run(["s2s", "test", "A.Test.", "--config", nodeFile("own", {})]);
  expect([code, stderr]).toEqual([2, "a.test is served here: nothing for it leaves this node\n"]);
});

test("a busy port: its number and who has it", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { code, stderr } = await run(["start", "--port", String(port), "--data", join(folder.path, "busy")]);
  expect(stderr).toContain(`--port ${port}: the port is in use by process ${process.pid} (`);
  expect(code).toBe(2);
  server.close();
});

test("a folder that holds another world", async () => {
  const data = join(folder.path, "other");
  const first = await run(["start", "--check", "--regions", "1", "--data", data]);
  expect(first.code).toBe(0);
  const { code, stderr } = await run(["start", "--regions", "7", "--data", data]);
  expect(stderr).toContain("it holds the world local-3 (meridian.test), not seven-continents");
  expect(code).toBe(2);
}, 60_000);
