// What `config check` tells of a configuration that a node would not start with, or not serve: all of it, and where it is.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { nodeFileIn, run, temporaryFolder } from "./command.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

const nodeFile = (name: string, more: object) => nodeFileIn(folder.path, name, more);

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
