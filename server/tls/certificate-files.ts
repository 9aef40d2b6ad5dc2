// One host's certificate and key, read from PEM files and checked before anything uses them.
import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { certificatesOf } from "./pem.ts";

/** Paths of one host's PEM files. */
export interface CertificatePaths {
  /** Leaf first, then its intermediates. */
  readonly certificate: string;
  readonly key: string;
}

/** What was read: the PEM texts for TLS, and the leaf for everything else. */
export interface LoadedCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly leaf: X509Certificate;
  readonly chain: readonly X509Certificate[];
}

/** Adds one problem, with the path it is about. */
export type Problem = (path: string, what: string) => void;

/** Reads and checks the files; undefined where anything is wrong, and then `problem` was told every mistake. */
export function readCertificate(paths: CertificatePaths, problem: Problem): LoadedCertificate | undefined {
  const shown = readChain(paths.certificate, problem);
  const keyPem = read(paths.key, problem);
  const key = keyPem === undefined ? undefined : parseKey(paths.key, keyPem, problem);
  if (shown === undefined || keyPem === undefined || key === undefined) return undefined;
  if (!shown.leaf.checkPrivateKey(key)) {
    const { subject } = shown.leaf;
    problem(paths.key, `is not the key of the first certificate in ${paths.certificate} (${oneLine(subject)})`);
    return undefined;
  }
  return { ...shown, keyPem };
}

/** Reads what is shown to others, whatever its key is like; undefined where it cannot be, and `problem` was told why. */
export function readChain(path: string, problem: Problem): Omit<LoadedCertificate, "keyPem"> | undefined {
  const certificatePem = read(path, problem);
  const chain = certificatePem === undefined ? undefined : parseChain(path, certificatePem, problem);
  const leaf = chain?.[0];
  return certificatePem === undefined || chain === undefined || leaf === undefined
    ? undefined
    : { certificatePem, leaf, chain };
}

/** What deserves an operator's eye though it can be served: dates, names, order of the chain. */
export function certificateWarnings(
  domain: string,
  loaded: Pick<LoadedCertificate, "leaf" | "chain">,
  now: number,
  warnDays: number,
): string[] {
  const { leaf, chain } = loaded;
  const warnings: string[] = [];
  const days = daysLeft(leaf, now);
  if (days < 0) warnings.push(`expired ${daysText(-days)} ago`);
  else if (days < warnDays) warnings.push(`expires in ${daysText(days)}`);
  if (leaf.validFromDate.getTime() > now) warnings.push(`is not valid before ${leaf.validFromDate.toISOString()}`);
  if (!names(leaf, domain)) warnings.push(`does not name ${domain}`);
  for (const [i, certificate] of chain.entries()) {
    const issuer = chain[i + 1];
    if (issuer !== undefined && !certificate.checkIssued(issuer))
      warnings.push(
        `certificate ${i + 1} was not issued by certificate ${i + 2}: the leaf comes first, then its issuers`,
      );
  }
  return warnings;
}

/** Whether it is for the domain: certificates have A-labels, and addresses without brackets. RFC 6125 §6.4. */
function names(leaf: X509Certificate, domain: string): boolean {
  const address = domain.replace(/^\[|\]$/g, "");
  if (isIP(address) !== 0) return leaf.checkIP(address) !== undefined;
  return leaf.checkHost(domainToASCII(domain) || domain) !== undefined;
}

/** Whole days until the certificate ends; negative once it has. */
export function daysLeft(certificate: X509Certificate, now: number): number {
  return Math.floor((certificate.validToDate.getTime() - now) / 86_400_000);
}

function read(path: string, problem: Problem): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why: Record<string, string> = { ENOENT: "no such file", EACCES: "may not be read", EISDIR: "is a directory" };
    problem(path, (code !== undefined && why[code]) || message);
    return undefined;
  }
}

function parseChain(path: string, pem: string, problem: Problem): X509Certificate[] | undefined {
  try {
    return certificatesOf(pem);
  } catch (error) {
    problem(path, (error as Error).message);
    return undefined;
  }
}

function parseKey(path: string, pem: string, problem: Problem): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    // The library's own message may quote the text; a key's text is told to nobody.
    problem(
      path,
      pem.includes("ENCRYPTED") ? "is encrypted; a key without passphrase is needed" : "has no PEM private key",
    );
    return undefined;
  }
}

function oneLine(subject: string): string {
  return subject.replaceAll("\n", ", ");
}

function daysText(days: number): string {
  return days === 1 ? "1 day" : `${days} days`;
}
