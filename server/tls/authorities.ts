// Certificate authorities that an operator trusts, from PEM files.
import { X509Certificate } from "node:crypto";
import { readAs, readEach } from "../config/named-file.ts";

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** @throws Error where there is none, or one that is broken */
function certificatesOf(text: string): X509Certificate[] {
  const blocks = text.match(PEM_CERTIFICATE) ?? [];
  if (blocks.length === 0) throw new Error("has no PEM certificate (-----BEGIN CERTIFICATE-----)");
  return blocks.map((block) => new X509Certificate(block));
}

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
  return readAs(file, path, (text) => {
    certificatesOf(text);
    return text;
  });
}
