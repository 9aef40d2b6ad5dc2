// What a real peer is given: certificates, ports, and a name server that everybody asks.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, temporaryFolder } from "../../harness/children.ts";
import { type Daemon, startDaemon } from "../../harness/daemon.ts";
import { LEFT_OUT } from "../../harness/left-out.ts";
import { whyLeftOut } from "../../harness/needing.ts";
import { find, missingOf } from "../../harness/software.ts";

/** PEM files of a certificate. */
export interface Pem {
  readonly certificate: string;
  readonly key: string;
  /** Both in one file. */
  readonly both: string;
}

/** Where a domain's server listens. */
export interface Place {
  readonly domain: string;
  readonly port: number;
  readonly direct: boolean;
}

/** Password of every account. */
export const PASSWORD = "wherefore art thou";
/** Localpart of the account that every domain of a peer has. */
export const JULIET = "juliet";
/** Another one: by the rules of RFC 6122 an address, by those of RFC 7622 none. */
export const HEART = "heart\u2665";

/** A certificate authority in a folder; openssl makes what real servers read without question. */
export class Papers {
  readonly folder = temporaryFolder("peers");
  readonly authority: string;

  constructor() {
    this.authority = join(this.folder, "ca.pem");
    openssl(
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"],
      ...["-subj", "/CN=Authority of the peers", "-keyout", join(this.folder, "ca.key"), "-out", this.authority],
      ...["-addext", "keyUsage=critical,keyCertSign"],
    );
  }

  /** A certificate for some domains: by the authority, or (`trusted` false) by itself. */
  issue(domains: readonly string[], trusted: boolean): Pem {
    const at = (name: string) => join(this.folder, `${domains[0]}.${name}`);
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", at("key")];
    const names = domains.map((domain) => `DNS:${domain}`).join(",");
    const subject = ["-subj", `/CN=${domains[0]}`];
    if (trusted) {
      writeFileSync(at("ext"), `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`);
      openssl("req", ...key, ...subject, "-out", at("request"));
      const signer = ["-CA", this.authority, "-CAkey", join(this.folder, "ca.key"), "-CAcreateserial"];
      openssl("x509", "-req", "-in", at("request"), ...signer, "-days", "30", "-extfile", at("ext"), "-out", at("crt"));
    } else
      openssl(
        "req",
        "-x509",
        ...key,
        ...subject,
        "-days",
        "30",
        "-addext",
        `subjectAltName=${names}`,
        "-out",
        at("crt"),
      );
    writeFileSync(at("pem"), readFileSync(at("key"), "utf8") + readFileSync(at("crt"), "utf8"));
    return { certificate: at("crt"), key: at("key"), both: at("pem") };
  }

  /** A folder for one server. */
  room(name: string): string {
    const folder = join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }
}

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: "ignore" });
}

/** Address of the name server: Prosody asks port 53 alone, so each run of the tests has an address of its own. */
export const DNS_ADDRESS = `127.77.${(process.pid >> 7) & 127}.${(process.pid & 127) + 1}`;

/** Starts dnsmasq with the records of some places. */
export async function startDns(places: readonly Place[]): Promise<Daemon> {
  const records = places.map(
    ({ domain, port, direct }) =>
      `--srv-host=${direct ? "_xmpps-server" : "_xmpp-server"}._tcp.${domain},localhost,${port},1,1`,
  );
  return startDaemon({
    command: find("dnsmasq") ?? "",
    args: [
      ...[
        "--keep-in-foreground",
        "--log-facility=-",
        "--conf-file=/dev/null",
        "--no-resolv",
        "--no-hosts",
        "--no-daemon",
      ],
      ...["--port=53", `--listen-address=${DNS_ADDRESS}`, "--bind-interfaces", "--address=/localhost/127.0.0.1"],
      ...["--local=/test/", ...records],
    ],
    user: undefined,
    ready: /started, version/,
  });
}

/** Ports that nothing listens on. */
export async function ports(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = await freePort();
    if (!found.includes(port)) found.push(port);
  }
  return found;
}

/** What the title of tests with real peers says where they cannot be tried here; undefined where they can. */
export function missing(): string | undefined {
  const lacking = missingOf(["prosody", "ejabberd", "dnsmasq", "openssl"]);
  if (lacking.length > 0) return whyLeftOut(lacking, Boolean(process.env.CI));
  return process.getuid?.() === 0 ? undefined : `${LEFT_OUT}port 53 of a loopback address needs root)`;
}
