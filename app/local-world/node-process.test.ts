// The supervisor's hand on one process, tried with a program that does as it is told.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { NodeProcess, type NodeProcessOptions, StartFailed } from "./node-process.ts";

const folder = mkdtempSync(join(tmpdir(), "meridian-process-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let programs = 0;

function program(text: string): readonly string[] {
  programs += 1;
  const file = join(folder, `${programs}.cjs`);
  writeFileSync(file, text);
  return [file];
}

const ready = `process.send({ type: "ready", listeners: [{ kind: "c2s", tls: "starttls", port: 5 }] });`;
const drains = `process.on("message", () => process.exit(0)); process.on("disconnect", () => process.exit(0));`;

function options(args: readonly string[], more: Partial<NodeProcessOptions> = {}): NodeProcessOptions {
  const nothing = () => undefined;
  return { args, onOutput: nothing, onReady: nothing, onStatus: nothing, onDown: nothing, ...more };
}

test("it is started when it says that it listens, and tells its state", async () => {
  const told = Promise.withResolvers<unknown>();
  const args = program(`${drains}${ready} process.send({ type: "status", sessions: 3, links: [] });`);
  const listeners: unknown[] = [];
  const node = new NodeProcess(options(args, { onStatus: told.resolve, onReady: (found) => listeners.push(...found) }));
  await node.start();
  expect(listeners).toEqual([{ kind: "c2s", tls: "starttls", port: 5 }]);
  expect(await told.promise).toMatchObject({ sessions: 3, links: [] });
  await node.stop(5000);
  expect(node.pid).toBeUndefined();
});

test("one that ends before it listens has failed, with its own words and exit code", async () => {
  const args = program(`process.stderr.write("no such port\\n"); process.exitCode = 2; process.disconnect();`);
  const failure = await new NodeProcess(options(args)).start().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StartFailed);
  expect(failure).toMatchObject({ message: "no such port", code: 2 });
});

test("one that dies is started again", async () => {
  const again = Promise.withResolvers<void>();
  const downs: string[] = [];
  let starts = 0;
  const args = program(`${drains}${ready} process.on("message", () => {}); setInterval(() => {}, 1000);`);
  const node = new NodeProcess(
    options(args, {
      onDown: (reason) => downs.push(reason),
      onReady: () => {
        starts += 1;
        if (starts === 2) again.resolve();
      },
    }),
  );
  await node.start();
  const { pid } = node;
  process.kill(pid ?? 0, "SIGKILL");
  await again.promise;
  expect(node.pid).not.toBe(pid);
  expect(downs).toEqual(["ended by SIGKILL"]);
  await node.stop(5000);
});

test("one that will not end is killed", async () => {
  const node = new NodeProcess(
    options(program(`${ready} process.on("message", () => {}); setInterval(() => {}, 1000);`)),
  );
  await node.start();
  const { pid } = node;
  await node.stop(100);
  expect(() => process.kill(pid ?? 0, 0)).toThrow("ESRCH");
});

test("what it sends that is no message of ours is ignored", async () => {
  const statuses: unknown[] = [];
  const args = program(`${drains} process.send(null); process.send({ type: "status" }); process.send("x"); ${ready}`);
  const node = new NodeProcess(options(args, { onStatus: (status) => statuses.push(status) }));
  await node.start();
  expect(statuses).toEqual([]);
  await node.stop(5000);
});
