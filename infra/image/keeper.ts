// Keeps a node's secrets: fetches them from AWS into files, and again every minute, so that rotation needs no restart.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { files } from "../ports.ts";
import { AwsError, type Credentials, cacheToken, callJson, taskCredentials } from "./aws-request.ts";

/** What to keep; the names of `containers.ts`. */
export interface KeeperEnvironment {
  readonly AWS_REGION: string;
  readonly MERIDIAN_WORLD: string;
  readonly DATABASE_SECRET: string;
  readonly DATABASE_HOST: string;
  readonly CERTIFICATE_SECRET: string;
  readonly WORLD_KEY: string;
  readonly WORLD_AUTHORITY: string;
  readonly CACHE_ID: string;
  readonly CACHE_USER: string;
}

/** ms between two looks. */
const interval = 60_000;

/**
 * Fetches everything once and writes what has changed below `folder`. The mark `ready` is written last, once every
 * file is there.
 * @throws AwsError, with what could be fetched already written
 */
export async function keep(
  environment: KeeperEnvironment,
  credentials: Credentials,
  folder: string = files.folder,
): Promise<void> {
  const write = (file: string, text: string) => writeChanged(join(folder, basename(file)), text);
  await mkdir(folder, { recursive: true });
  await write(files.worldAuthority, environment.WORLD_AUTHORITY);
  await write(files.worldSecret, await worldSecret(environment, credentials));
  await write(files.pgpass, await passwordLine(environment, credentials));
  await write(
    files.cacheToken,
    cacheToken(environment.CACHE_ID, environment.CACHE_USER, environment.AWS_REGION, credentials),
  );
  const { certificate, key } = await certificateOf(environment, credentials);
  await write(files.key, key);
  await write(files.certificate, certificate);
  await write(files.ready, "ready\n");
}

/**
 * The secret that all regions share (XEP-0185 §2): a MAC of the world's name by a key that is in every region, so that
 * each region comes to the same value and none ever sends it.
 */
async function worldSecret(environment: KeeperEnvironment, credentials: Credentials): Promise<string> {
  const answer = await callJson(
    "kms",
    "TrentService.GenerateMac",
    {
      KeyId: environment.WORLD_KEY,
      MacAlgorithm: "HMAC_SHA_256",
      Message: Buffer.from(`meridian dialback ${environment.MERIDIAN_WORLD}`).toString("base64"),
    },
    credentials,
  );
  return Buffer.from(String(answer.Mac), "base64").toString("hex");
}

/** The database's password as libpq reads it (PostgreSQL: The Password File). */
async function passwordLine(environment: KeeperEnvironment, credentials: Credentials): Promise<string> {
  const { username, password } = await secretOf(environment.DATABASE_SECRET, credentials);
  const escaped = [environment.DATABASE_HOST, "*", "*", username, password].map((part) =>
    String(part).replace(/[\\:]/g, "\\$&"),
  );
  return `${escaped.join(":")}\n`;
}

async function certificateOf(environment: KeeperEnvironment, credentials: Credentials) {
  const { certificate, key } = await secretOf(environment.CERTIFICATE_SECRET, credentials);
  return { certificate: String(certificate), key: String(key) };
}

async function secretOf(id: string, credentials: Credentials): Promise<Record<string, unknown>> {
  const answer = await callJson("secretsmanager", "secretsmanager.GetSecretValue", { SecretId: id }, credentials);
  return JSON.parse(String(answer.SecretString)) as Record<string, unknown>;
}

/** Writes by renaming, so that a reader sees the old text or the new one, never a part; readable by its owner alone. */
async function writeChanged(file: string, text: string): Promise<void> {
  const before = await readFile(file, "utf8").catch(() => undefined);
  if (before === text) return;
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

async function main(): Promise<void> {
  for (;;) {
    try {
      await keep(process.env as unknown as KeeperEnvironment, await taskCredentials());
    } catch (error) {
      // The error names the service and AWS's code, and no secret.
      const waiting = error instanceof AwsError && error.code === "ResourceNotFoundException";
      process.stderr.write(`${waiting ? "waiting for" : "could not fetch"} a secret: ${(error as Error).message}\n`);
    }
    await sleep(interval);
  }
}

if (import.meta.main) await main();
