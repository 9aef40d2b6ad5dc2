// Certificate authorities that an operator trusts, from PEM files.
import type { X509Certificate } from "node:crypto";
import { readAs, readEach } from "../../contract/named-file.ts";
import { certificatesOf } from "./pem.ts";

/** Reads all authorities of the PEM files that the list at `path` names. @throws ConfigError with every mistake */
export function readAuthorities(files: readonly string[], path: string): X509Certificate[] {
  return readEach(files, path, (text) => {
    const certificates = certificatesOf(text);
    if (!certificates.every((certificate) => certificate.ca))
      throw new Error("has a certificate that is no authority's (basicConstraints CA:FALSE)");
    return certificates;
  }).flat();
}

/** The PEM text of a file with a certificate or more, which the setting at `path` names. @throws ConfigError */
export function readCertificates(file: string, path: string): string {
  return readAs(file, path, checked);
}

/** As `readCertificates`, of each file that the list at `path` names. @throws ConfigError with every mistake */
export function readEachCertificates(files: readonly string[], path: string): string[] {
  return readEach(files, path, checked);
}

function checked(text: string): string {
  certificatesOf(text);
  return text;
}
