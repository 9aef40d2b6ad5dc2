// A socket that another user may have put where a node's would be: nothing is said to it.
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { ask, nodeRuns } from "./client.ts";
import { prepareFolder } from "./socket.ts";
import { folderFault } from "./socket-path.ts";

const uid = process.getuid?.() ?? 0;

let root: string;
let servers: Server[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sockets-"));
  servers = [];
});

afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(root, { recursive: true });
});

/** A socket in `folder` that takes whatever it is told. */
async function trap(folder: string): Promise<{ readonly path: string; readonly heard: string[] }> {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(`${request.method} ${request.url}`);
    response.end("{}");
  });
  servers.push(server);
  const path = join(folder, "node.sock");
  server.listen(path);
  await once(server, "listening");
  return { path, heard };
}

test("a folder is whose it is, whoever made the link to it, and closed to others", () => {
  const folder = join(root, "own");
  mkdirSync(folder, 0o700);
  expect(folderFault(folder, [uid])).toBeUndefined();
  expect(folderFault(folder, [uid + 1])).toBe(`${folder} belongs to another user`);
  expect(folderFault(folder, undefined)).toBeUndefined();
  const link = join(root, "link");
  symlinkSync(folder, link);
  expect(folderFault(link, [uid])).toBeUndefined();
  chmodSync(folder, 0o770);
  for (const users of [[uid], undefined])
    expect(folderFault(link, users)).toBe(`${link} may be written by other users`);
  expect(folderFault(join(root, "none"), [uid + 1])).toBeUndefined();
});

test("nothing is said to a socket in a folder that others may write to", async () => {
  const folder = join(root, "open");
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  expect(await nodeRuns(join(folder, "node.sock"))).toBe(false);
  const { path, heard } = await trap(folder);
  const refused = { name: "Failure", message: expect.stringContaining("may be written by other users") };
  await expect(ask(path, "POST", "/accounts", '{"password":"secret"}')).rejects.toMatchObject(refused);
  await expect(nodeRuns(path)).rejects.toMatchObject(refused);
  expect(heard).toEqual([]);
  chmodSync(folder, 0o700);
  expect(await ask(path, "POST", "/accounts")).toEqual({});
});

(uid === 0 ? test : test.skip)("nor is it by root in a folder that somebody made in another user's name", async () => {
  const folder = join(tmpdir(), "meridian-54322");
  mkdirSync(folder, 0o700);
  try {
    const { path, heard } = await trap(folder);
    await expect(ask(path, "GET", "/")).rejects.toThrow("belongs to another user");
    expect(heard).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a node opens none there", () => {
  const folder = join(root, "open");
  mkdirSync(folder);
  chmodSync(folder, 0o720);
  expect(() => prepareFolder(folder)).toThrow("may be written by other users");
});
