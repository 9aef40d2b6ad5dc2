// The TLS contexts of every virtual host: chosen by domain or SNI, reloaded without a restart. RFC 6120 §5, §13.7.
import { constants } from "node:crypto";
import { type Stats, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { domainToASCII } from "node:url";
import { type Clock, systemClock, type Timer } from "../../xmpp/clock.ts";
import { factsOf } from "../observe/failure.ts";
import {
  type CertificatePaths,
  certificateWarnings,
  daysLeft,
  type LoadedCertificate,
  readCertificate,
} from "./certificate-files.ts";
import { TlsError } from "./error.ts";

/** A virtual host, as far as TLS goes. */
export interface TlsHost {
  readonly domain: string;
  /** Without one the host offers no TLS. */
  readonly certificate?: CertificatePaths | undefined;
}

/** Where warnings and reloads are told; pino's logger is one. */
export interface TlsLog {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}

/** Settings of `TlsContexts`. */
export interface TlsContextsOptions {
  readonly log?: TlsLog;
  readonly clock?: Clock;
  /** Days before the end of a certificate at which warnings begin. */
  readonly warnDays?: number;
  /** Seconds between looks at the files; 0: only `reload()` reads them again. */
  readonly watchSeconds?: number;
  /** PEM of authorities whose client certificates are verified (EXTERNAL); absent: Node's own list. */
  readonly clientAuthorities?: readonly string[];
}

/** TLS 1.2 with forward secrecy and AEAD alone, and all of TLS 1.3. RFC 9325 §4.2. */
const CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

interface Served {
  readonly loaded: LoadedCertificate;
  readonly context: SecureContext;
}

/** The contexts of one node. */
export class TlsContexts {
  private readonly hosts: readonly TlsHost[];
  private readonly options: TlsContextsOptions;
  private readonly clock: Clock;
  private served = new Map<string, Served>();
  /** By the names of the certificates, where `served` has no such host; wildcards as they stand there. */
  private names = new Map<string, Served>();
  /** What the files looked like when they were read last. */
  private marks = "";
  /** What the files looked like, and what was wrong with them, when that was said last. */
  private told = "";
  private timer: Timer | undefined;
  private closed = false;

  /** Loads every host's files. @throws TlsError with every mistake */
  constructor(hosts: readonly TlsHost[], options: TlsContextsOptions = {}) {
    this.hosts = hosts.filter((host) => host.certificate !== undefined);
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.reload();
    if (this.hosts.length > 0 && (options.watchSeconds ?? 60) > 0) this.watch();
  }

  /** True where the domain has a certificate. */
  has(domain: string): boolean {
    return this.served.has(key(domain));
  }

  /** The domain's context. @throws TlsError for a domain that has no certificate: ask `has` first */
  forDomain(domain: string): SecureContext {
    const served = this.served.get(key(domain));
    if (served === undefined) throw new TlsError([`${domain} has no certificate`]);
    return served.context;
  }

  /**
   * The context for a name that a client sent (RFC 6066 §3): the host of that name, else one whose certificate names
   * it; undefined for neither, and the listener's own choice stands.
   */
  sni(servername: string): SecureContext | undefined {
    return this.find(servername)?.context;
  }

  /** Chain and key as PEM of the domain, or of a certificate that names it: for contexts of other settings. */
  pem(domain: string): { readonly certificate: string; readonly key: string } | undefined {
    const loaded = this.find(domain)?.loaded;
    return loaded === undefined ? undefined : { certificate: loaded.certificatePem, key: loaded.keyPem };
  }

  /** DER of the domain's leaf certificate. */
  leaf(domain: string): Buffer | undefined {
    return this.served.get(key(domain))?.loaded.leaf.raw;
  }

  /** Days that the domain's certificate is still valid, negative once expired; undefined without certificate. */
  certificateDays(domain: string): number | undefined {
    const served = this.served.get(key(domain));
    return served === undefined ? undefined : daysLeft(served.loaded.leaf, this.clock.now());
  }

  /**
   * Reads all files again. New connections get the new certificates, open ones go on as they are. Where anything is
   * wrong, everything stays as it was. @throws TlsError with every mistake
   */
  reload(): void {
    const marks = this.paths().map((path) => mark(statSync(path, { throwIfNoEntry: false })));
    const problems: string[] = [];
    const next = new Map<string, Served>();
    for (const host of this.hosts) {
      const served = this.load(host, (path, what) => problems.push(`${host.domain}: ${path}: ${what}`));
      if (served !== undefined) next.set(key(host.domain), served);
    }
    if (problems.length > 0) throw new TlsError([...new Set(problems)]);
    for (const host of this.hosts) this.warn(host, next.get(key(host.domain)));
    this.served = next;
    this.names = certificateNames(next.values());
    this.marks = marks.join("\n");
  }

  /** Stops looking at the files. */
  close(): void {
    this.closed = true;
    this.clock.clearTimeout(this.timer);
  }

  private find(name: string): Served | undefined {
    if (name.length > 255) return undefined;
    const domain = key(name);
    return this.served.get(domain) ?? this.names.get(domain) ?? this.names.get(domain.replace(/^[^.]+/, "*"));
  }

  private warn({ domain, certificate }: TlsHost, served: Served | undefined): void {
    if (served === undefined) return;
    const { warnDays = 14, log } = this.options;
    for (const warning of certificateWarnings(domain, served.loaded, this.clock.now(), warnDays))
      log?.warn({ domain, path: certificate?.certificate }, `certificate ${warning}`);
  }

  private load(host: TlsHost, problem: (path: string, what: string) => void): Served | undefined {
    const paths = host.certificate!;
    const loaded = readCertificate(paths, problem);
    if (loaded === undefined) return undefined;
    const { certificate: path } = paths;
    const before = this.served.get(key(host.domain));
    // An unchanged context keeps its session tickets.
    if (before?.loaded.certificatePem === loaded.certificatePem && before.loaded.keyPem === loaded.keyPem)
      return before;
    try {
      return { loaded, context: this.context(loaded) };
    } catch (error) {
      problem(path, `is refused by TLS: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** What `forDomain` is made of, for a server that builds its default context itself. @throws TlsError as `forDomain` */
  optionsFor(domain: string): SecureContextOptions {
    const served = this.served.get(key(domain));
    if (served === undefined) throw new TlsError([`${domain} has no certificate`]);
    return this.contextOptions(served.loaded);
  }

  private context(loaded: LoadedCertificate): SecureContext {
    return createSecureContext(this.contextOptions(loaded));
  }

  private contextOptions(loaded: LoadedCertificate): SecureContextOptions {
    const { clientAuthorities } = this.options;
    return {
      cert: loaded.certificatePem,
      key: loaded.keyPem,
      minVersion: "TLSv1.2",
      ciphers: CIPHERS,
      honorCipherOrder: true,
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
      // Where client certificates are asked for, OpenSSL ends each TLS 1.2 resumption that has no such name.
      sessionIdContext: "meridian",
      ...(clientAuthorities === undefined ? {} : { ca: [...clientAuthorities] }),
    };
  }

  private paths(): string[] {
    return this.hosts.flatMap(({ certificate }) => [certificate!.certificate, certificate!.key]);
  }

  /** Looks at the files now and then; a name that points elsewhere (renewal by symbolic link) counts as a change. */
  private watch(): void {
    this.timer = this.clock.setTimeout(() => void this.look(), (this.options.watchSeconds ?? 60) * 1000);
  }

  private async look(): Promise<void> {
    const marks = await Promise.all(this.paths().map((path) => stat(path).then(mark, () => mark(undefined))));
    if (this.closed) return;
    const now = marks.join("\n");
    if (now !== this.marks) this.reloadQuietly(now);
    this.watch();
  }

  private reloadQuietly(marks: string): void {
    try {
      this.reload();
      this.told = "";
      this.options.log?.info({}, "certificates reloaded");
    } catch (error) {
      // A pair that is half written looks like this for a moment; the next look tries again, and says no more of the same.
      const said = `${marks}\n${error}`;
      if (said === this.told) return;
      this.told = said;
      this.options.log?.error(factsOf(error), "certificates not reloaded: the old ones stay");
    }
  }
}

/** A domain as it stands in SNI: A-labels, lower case, no final dot. Unknown forms stay as they are. */
function key(domain: string): string {
  const name = domain.toLowerCase().replace(/\.$/, "");
  return domainToASCII(name) || name;
}

/** What changes with a file. */
function mark(stats: Stats | undefined): string {
  return stats === undefined ? "none" : `${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`;
}

/** The DNS names of certificates; the first host that has a name keeps it. */
function certificateNames(all: Iterable<Served>): Map<string, Served> {
  const names = new Map<string, Served>();
  for (const served of all)
    for (const [, name] of (served.loaded.leaf.subjectAltName ?? "").matchAll(/(?:^|, )DNS:([^,"\s]+)/g))
      if (name !== undefined && !names.has(key(name))) names.set(key(name), served);
  return names;
}
