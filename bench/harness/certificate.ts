// A self-signed certificate that every server under test is given: ECDSA on P-256.
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** PEM files of one certificate. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  /** Both in one file. */
  readonly both: string;
}

/** Makes a certificate for `domain` in `folder`. */
export function makeCertificate(folder: string, domain: string): CertificateFiles {
  const files = { certificate: join(folder, "cert.pem"), key: join(folder, "key.pem"), both: join(folder, "both.pem") };
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"].concat(
      ["-subj", `/CN=${domain}`, "-addext", `subjectAltName=DNS:${domain}`],
      ["-keyout", files.key, "-out", files.certificate],
    ),
    { stdio: "ignore" },
  );
  writeFileSync(files.both, readFileSync(files.key, "utf8") + readFileSync(files.certificate, "utf8"));
  for (const file of Object.values(files)) chmodSync(file, 0o600);
  return files;
}
