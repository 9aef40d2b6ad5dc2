// Pulumi's project files, the image and the compose file: settings that would be noticed too late.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { NodeConfig } from "../../contract/contract.ts";
import { openPorts } from "../../infra/ports.ts";

const root = new URL("../..", import.meta.url).pathname;
const read = (path: string) => readFileSync(join(root, path), "utf8");

test.each(["global", "region"])("infra/%s names its main, and leaves the types to Node", (project) => {
  const text = read(`infra/${project}/Pulumi.yaml`);
  const main = /^main: (.+)$/m.exec(text)?.[1];
  // Without it the root's package.json decides, another program runs, and its `up` deletes everything.
  expect(main).toBe("index.ts");
  expect(existsSync(join(root, "infra", project, main ?? ""))).toBe(true);
  expect(text).toMatch(/^runtime:\n {2}name: nodejs\n {2}options:\n(?: {4}#.*\n)* {4}typescript: false$/m);
});

test("Pulumi's packages are pinned to one version, and TypeScript is older than 7", () => {
  const { devDependencies, dependencies } = JSON.parse(read("package.json"));
  const all = { ...dependencies, ...devDependencies };
  for (const name of ["@pulumi/pulumi", "@pulumi/aws"]) expect(all[name]).toMatch(/^\d+\.\d+\.\d+$/);
  expect(Number.parseInt(all.typescript, 10)).toBeLessThan(7);
});

test("the image runs as nobody special, from a fixed base, with a health command", () => {
  const text = read("infra/image/Dockerfile");
  expect(text).toMatch(/^USER 1000:1000$/m);
  expect(text).toMatch(/^HEALTHCHECK .*health\.ts"\]$/m);
  for (const [, base] of text.matchAll(/^FROM (\S+)/gm)) expect(base).toMatch(/^node:26-/);
  const command = /^CMD \["node", "(.+)"\]$/m.exec(text)?.[1];
  expect(existsSync(join(root, command ?? ""))).toBe(true);
});

test("the sources of the image are whole: every module that its programs import is copied", () => {
  const folder = mkdtempSync(join(tmpdir(), "meridian-image-"));
  try {
    execFileSync("sh", ["infra/image/assemble.sh", folder], {
      cwd: root,
      env: { ...process.env, OFFLINE: "1", WITHOUT_PACKAGES: "1" },
    });
    for (const program of ["app/main.ts", "infra/image/keeper.ts", "infra/image/renew.ts", "infra/image/entry.ts"])
      for (const [, path = ""] of importsBelow(folder, program))
        expect([program, path, existsSync(path)]).toEqual([program, path, true]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("compose.yaml: the server parses the nodes' configuration, and HAProxy leads every open port to it", () => {
  const config = NodeConfig.parse(JSON.parse(read("infra/compose/node.json")));
  const proxy = read("infra/compose/haproxy.cfg");
  for (const { name, target } of openPorts) {
    expect(config.listeners.some((listener) => listener.port === target)).toBe(true);
    const section = proxy.split(`listen ${name}\n`)[1]?.split("\n\n")[0];
    for (const node of [1, 2, 3]) expect(section).toContain(`server node-${node} node-${node}:${target}`);
  }
  for (const [, tag] of read("infra/compose/compose.yaml").matchAll(/^ {4}image: \S+?:(\S+)$/gm))
    expect(tag).toMatch(/^\d+\.\d+/);
});

/** Relative imports reachable from a program, as pairs of the importing and the imported file. */
function importsBelow(folder: string, program: string): [string, string][] {
  const found: [string, string][] = [];
  const open = [join(folder, program)];
  const seen = new Set(open);
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (!existsSync(file)) continue;
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)) {
      const target = join(file, "..", path);
      found.push([file, target]);
      if (!seen.has(target) && target.endsWith(".ts")) open.push(target);
      seen.add(target);
    }
  }
  return found;
}
