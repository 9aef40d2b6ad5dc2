// Where a node's admin socket is: found alike by the node and by the commands that talk to it.
import { createHash } from "node:crypto";
import { existsSync, lstatSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import type { NodeConfig } from "../../contract/contract.ts";

/** Bytes that a socket's path may have on every system. */
const MOST = 100;

/** Bytes of a socket's path that the system takes: unix(7), and 104 with the end on BSD. */
const TAKEN = process.platform === "linux" ? 107 : 103;

/** That a path is too long for a socket; undefined where it is not. */
export function tooLong(path: string): string | undefined {
  const length = Buffer.byteLength(path);
  return length <= TAKEN ? undefined : `${path} has ${length} bytes; the path of a socket has ${TAKEN} at most`;
}

/** The path; beside the database where that is a file, else in a folder that is the user's alone. */
export function adminSocketPath(config: NodeConfig): string {
  return pathOf(config, folderOf(ownUid()));
}

/**
 * Where a command looks for the node of a configuration file. Root runs commands for nodes that another user runs: where
 * there is no socket of root's own, that of the file's owner is taken, from a folder that nobody but that user has made.
 */
export function adminSocketFor(config: NodeConfig, file: string): string {
  const own = adminSocketPath(config);
  if (ownUid() !== 0 || existsSync(own)) return own;
  const { uid } = statSync(file);
  const theirs = pathOf(config, folderOf(uid));
  return existsSync(theirs) && folderFault(dirname(theirs), [uid]) === undefined ? theirs : own;
}

/**
 * Why nothing is said to a socket, since passwords go through it: another user may have put it there. Undefined where
 * none can. Root trusts whoever has a folder that the configuration names, and nobody who made one in root's name.
 */
export function socketFault(path: string): string | undefined {
  const folder = dirname(path);
  const uid = ownUid();
  if (uid !== 0) return folderFault(folder, [uid, 0]);
  const named = /^meridian-(\d+)$/.exec(basename(folder));
  return folderFault(folder, named !== null && dirname(folder) === tmpdir() ? [Number(named[1])] : undefined);
}

/**
 * Why a socket in a folder may be somebody else's; undefined where it is not, or there is no folder. `users` may own the
 * folder, anybody where they are not told; a link to it is theirs or root's.
 */
export function folderFault(folder: string, users: readonly number[] | undefined): string | undefined {
  const link = lstatSync(folder, { throwIfNoEntry: false });
  if (link === undefined) return undefined;
  const { uid, mode } = statSync(folder, { throwIfNoEntry: false }) ?? link;
  const linked = !link.isSymbolicLink() || link.uid === 0;
  if (users !== undefined && !(users.includes(uid) && (linked || users.includes(link.uid))))
    return `${folder} belongs to another user`;
  // The socket itself is closed to others; a folder that others may write to would let them put theirs in its place.
  return (mode & 0o022) === 0 ? undefined : `${folder} may be written by other users`;
}

/** The path, or one that stands for it where it is longer than a socket's may be; `most` in bytes. */
export function shortEnough(path: string, most = MOST, folder = folderOf(ownUid())): string {
  if (Buffer.byteLength(path) <= most) return path;
  return join(folder, `${createHash("sha256").update(path).digest("hex").slice(0, 16)}.sock`);
}

function pathOf(config: NodeConfig, folder: string): string {
  if (config.adminSocket !== undefined) return resolve(config.adminSocket);
  const { storage, node, region } = config;
  if (storage.kind !== "sqlite") return join(folder, `${region}-${node}.sock`.replace(/[^\w.-]/g, "_"));
  return shortEnough(join(resolve(dirname(storage.file)), `${node}.sock`.replace(/[^\w.-]/g, "_")), MOST, folder);
}

function ownUid(): number {
  return process.getuid?.() ?? 0;
}

function folderOf(uid: number): string {
  return join(tmpdir(), `meridian-${uid}`);
}
