// Certificate authorities that an operator trusts, from PEM files.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { TlsError } from "./error.ts";

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Reads all authorities of some PEM files. @throws TlsError with every mistake */
export function readAuthorities(paths: readonly string[]): X509Certificate[] {
  const problems: string[] = [];
  const authorities = paths.flatMap((path) => {
    try {
      const blocks = readFileSync(path, "utf8").match(PEM_CERTIFICATE) ?? [];
      if (blocks.length === 0) problems.push(`${path}: has no PEM certificate (-----BEGIN CERTIFICATE-----)`);
      const certificates = blocks.map((block) => new X509Certificate(block));
      if (!certificates.every((certificate) => certificate.ca))
        problems.push(`${path}: has a certificate that is no authority's (basicConstraints CA:FALSE)`);
      return certificates;
    } catch (error) {
      problems.push(`${path}: ${(error as Error).message}`);
      return [];
    }
  });
  if (problems.length > 0) throw new TlsError(problems);
  return authorities;
}
