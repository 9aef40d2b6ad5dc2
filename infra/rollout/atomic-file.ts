// Files that are whole after a crash: written beside, flushed, and renamed into place.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Writes a value as JSON so that a reader, and a machine that loses power, has the old text or the new one. */
export function writeJson(file: string, value: unknown): void {
  const beside = `${file}.${process.pid}.new`;
  const handle = openSync(beside, "w", 0o600);
  try {
    writeSync(handle, `${JSON.stringify(value, null, 2)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(beside, file);
  flushFolder(dirname(file));
}

/** Reads JSON; undefined when there is no such file. @throws SyntaxError when it is no JSON */
export function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return JSON.parse(text);
}

/** The rename itself is on disk only after its folder is. */
function flushFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
