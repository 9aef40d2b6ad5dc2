// Folders that are made: with what is missing above them, and an error where none can be.
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { makeFolder } from "./folder.ts";

test("what is missing above a folder is made too, and what is there stays", () => {
  const root = mkdtempSync(join(tmpdir(), "folder-"));
  try {
    for (let again = 0; again < 2; again++) makeFolder(join(root, "a", "b"), 0o700);
    expect(statSync(join(root, "a", "b")).mode & 0o777).toBe(0o700);
    writeFileSync(join(root, "file"), "");
    expect(() => makeFolder(join(root, "file", "c"))).toThrow(/ENOTDIR/);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("where no folder can be, that is an error and not a try for ever", () => {
  expect(() => makeFolder("/proc/meridian/node")).toThrow(/ENOENT|EACCES|ENOSYS|EPERM/);
});
