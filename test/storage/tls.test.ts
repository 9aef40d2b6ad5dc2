// TLS to PostgreSQL by `sslmode` and `sslrootcert`: encrypted, checked, refused.
import { generateKeyPairSync } from "node:crypto";
import { chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "@jest/globals";
import forge from "node-forge";
import pg from "pg";
import { StorageOpenError } from "../../server/storage/backend/backend.ts";
import { openStorage } from "../../server/stores.ts";
import { removeFolder, temporaryFolder } from "../harness/children.ts";
import { ordinaryUser } from "../harness/daemon.ts";
import { needing } from "../harness/needing.ts";
import { startPostgres, type TestPostgres } from "../harness/postgres.ts";

const { test: onPostgres } = needing("postgres");
const user = ordinaryUser("postgres");
/** Time for one attempt at least, also on a busy machine: the last one's failure is told. */
const bounds = { operationMs: 1_000 };
let folder = "";
let server: TestPostgres | undefined;
let url = "";

beforeAll(async () => {
  folder = temporaryFolder("tls", user);
  const certificate = join(folder, "certificate.pem");
  const key = join(folder, "key.pem");
  const made = selfSigned("127.0.0.1");
  for (const [file, text] of [
    [certificate, made.certificate],
    [key, made.key],
  ] as const) {
    writeFileSync(file, text, { mode: 0o600 });
    if (user !== undefined) chownSync(file, user.uid, user.gid);
  }
  writeFileSync(join(folder, "other.pem"), selfSigned("127.0.0.1").certificate);
  const settings = ["ssl=on", `ssl_cert_file=${certificate}`, `ssl_key_file=${key}`];
  server = await startPostgres({ settings });
  url = await server.createDatabase("tls");
});
afterAll(async () => {
  await server?.end();
  if (folder !== "") removeFolder(folder);
});

/** How many of our connections the server sees, by whether they are encrypted. */
async function encrypted(): Promise<boolean[]> {
  const client = new pg.Client(url);
  await client.connect();
  const query = `select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'meridian'`;
  const { rows } = await client.query<{ ssl: boolean }>(query);
  await client.end();
  return rows.map(({ ssl }) => ssl);
}

async function seenOver(query: string, options: Parameters<typeof openStorage>[1] = {}): Promise<boolean[]> {
  const storage = await openStorage({ kind: "postgres", url: url + query, poolSize: 1 }, options);
  try {
    return await encrypted();
  } finally {
    await storage.close();
  }
}

onPostgres("a connection is plain, encrypted or checked as sslmode says", async () => {
  expect(await seenOver("")).toEqual([false]);
  expect(await seenOver("?sslmode=require")).toEqual([true]);
  expect(await seenOver(`?sslmode=verify-full&sslrootcert=${folder}/certificate.pem`)).toEqual([true]);
  expect(await seenOver(`?sslmode=verify-ca&sslrootcert=${folder}/certificate.pem`)).toEqual([true]);
});

onPostgres("a certificate that does not prove the server is refused", async () => {
  await expect(seenOver("?sslmode=verify-full", { bounds })).rejects.toThrow(StorageOpenError);
  await expect(seenOver(`?sslmode=verify-full&sslrootcert=${folder}/other.pem`, { bounds })).rejects.toThrow(
    StorageOpenError,
  );
  const otherName = url.replace("127.0.0.1", "localhost");
  const opening = openStorage(
    { kind: "postgres", url: `${otherName}?sslmode=verify-full&sslrootcert=${folder}/certificate.pem`, poolSize: 1 },
    { bounds },
  );
  await expect(opening).rejects.toThrow(/does not match certificate/);
});

function selfSigned(address: string): { certificate: string; key: string } {
  const pair = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(pair.publicKey);
  certificate.serialNumber = "01";
  certificate.validity.notBefore = new Date(Date.now() - 86_400_000);
  certificate.validity.notAfter = new Date(Date.now() + 86_400_000);
  const name = [{ name: "commonName", value: "database" }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([
    { name: "basicConstraints", cA: true },
    { name: "subjectAltName", altNames: [{ type: 7, ip: address }] },
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(pair.privateKey), forge.md.sha256.create());
  return { certificate: forge.pki.certificateToPem(certificate), key: pair.privateKey };
}
