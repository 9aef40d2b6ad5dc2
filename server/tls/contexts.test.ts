// TLS contexts: what they are chosen by, what is wrong with files, and reloading.
import { X509Certificate } from "node:crypto";
import { chmodSync, mkdirSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ManualClock } from "../../test/harness/manual-clock.ts";
import { type Issued, issue, pemFolder } from "../../test/tls/certificates.ts";
import type { Clock } from "../../xmpp/clock.ts";
import { readAuthorities } from "./authorities.ts";
import { TlsContexts, type TlsContextsOptions, type TlsHost } from "./contexts.ts";
import { TlsError } from "./error.ts";

let folder: ReturnType<typeof pemFolder>;
const open: TlsContexts[] = [];

beforeEach(() => {
  folder = pemFolder();
});

afterEach(() => {
  for (const contexts of open.splice(0)) contexts.close();
  folder.remove();
});

function host(domain: string, issued: Issued, name = domain): TlsHost {
  const certificate = folder.write(`${name}.pem`, issued.certificatePem);
  return { domain, certificate: { certificate, key: folder.write(`${name}.key`, issued.keyPem) } };
}

function contexts(hosts: readonly TlsHost[], options: TlsContextsOptions = {}): TlsContexts {
  const made = new TlsContexts(hosts, { watchSeconds: 0, ...options });
  open.push(made);
  return made;
}

function problemsOf(hosts: readonly TlsHost[]): readonly string[] {
  try {
    contexts(hosts);
  } catch (error) {
    if (error instanceof TlsError) return error.problems.map((problem) => problem.replaceAll(`${folder.path}/`, ""));
    throw error;
  }
  return [];
}

function warningLog(warnings: string[], reloaded?: () => void) {
  return {
    info: () => reloaded?.(),
    warn: (facts: object, text: string) => void warnings.push(`${"domain" in facts ? facts.domain : ""}: ${text}`),
    error: (_: object, text: string) => void warnings.push(text),
  };
}

describe("the context of a name", () => {
  test("is that of the host, else that of a certificate that has the name", () => {
    const tls = contexts([
      host("example.org", issue({ dns: ["example.org", "*.example.org", "xmpp.example.com"] })),
      host("example.com", issue({ dns: ["example.com", "xmpp.example.org"] })),
      { domain: "plain.example" },
    ]);
    const org = tls.forDomain("example.org");
    const com = tls.forDomain("example.com");
    expect(com).not.toBe(org);
    expect(tls.sni("example.org")).toBe(org);
    expect(tls.sni("EXAMPLE.com.")).toBe(com);
    expect(tls.sni("xmpp.example.com")).toBe(org);
    expect(tls.sni("any.example.org")).toBe(org);
    expect(tls.sni("xmpp.example.org")).toBe(com); // named in full before the wildcard
    for (const name of ["a.b.example.org", "example.net", "", "__proto__", "constructor", "x".repeat(300), "*"])
      expect(tls.sni(name)).toBeUndefined();
    expect(tls.has("plain.example")).toBe(false);
    expect(() => tls.forDomain("plain.example")).toThrow(TlsError);
  });

  test("may be given with letters beyond ASCII or without", () => {
    const tls = contexts([host("bücher.example", issue({ dns: ["xn--bcher-kva.example"] }), "buecher")]);
    expect(tls.sni("xn--bcher-kva.example")).toBe(tls.forDomain("bücher.example"));
  });
});

test("the leaf and its days are told", () => {
  const issued = issue({ dns: ["example.org"], days: 30 });
  const tls = contexts([host("example.org", issued)]);
  expect(tls.leaf("example.org")).toEqual(new X509Certificate(issued.certificatePem).raw);
  expect(tls.certificateDays("example.org")).toBe(30);
  expect(tls.certificateDays("example.com")).toBeUndefined();
});

describe("every mistake is told at once, with its file", () => {
  test("missing, unreadable and broken files, and a key of another certificate", () => {
    const good = issue({ dns: ["a"] });
    const other = issue({ dns: ["a"] });
    const broken = good.certificatePem.replace(/\n.{10}/, "\nAAAAAAAAAA");
    expect(
      problemsOf([
        {
          domain: "missing",
          certificate: { certificate: join(folder.path, "no.pem"), key: join(folder.path, "no.key") },
        },
        { domain: "folder", certificate: { certificate: folder.path, key: folder.write("f.key", good.keyPem) } },
        host("swapped", { certificatePem: good.keyPem, keyPem: good.certificatePem }),
        host("broken", { certificatePem: broken, keyPem: "" }),
        host("other", { certificatePem: good.certificatePem, keyPem: other.keyPem }),
        host("good", good),
      ]),
    ).toEqual([
      "missing: no.pem: no such file",
      "missing: no.key: no such file",
      `folder: ${folder.path}: is a directory`,
      "swapped: swapped.pem: has no PEM certificate (-----BEGIN CERTIFICATE-----)",
      "swapped: swapped.key: has no PEM private key",
      expect.stringMatching(/^broken: broken.pem: has a broken certificate: /),
      "broken: broken.key: has no PEM private key",
      "other: other.key: is not the key of the first certificate in other.pem (CN=test)",
    ]);
  });

  test("nothing of a key is ever told", () => {
    const issued = issue({});
    const secret = issued.keyPem.split("\n")[1]!;
    const problems = problemsOf([host("a", { ...issued, keyPem: issued.keyPem.replace(/\n/, "\nAAAA") })]);
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toContain(secret.slice(4, 20));
  });
});

test("an operator is warned of what can be served but should not", () => {
  const authority = issue({ commonName: "Authority", ca: true });
  const other = issue({ commonName: "Other", ca: true });
  const chained = issue({ dns: ["chain"], issuer: authority });
  const warnings: string[] = [];
  contexts(
    [
      host("expired", issue({ dns: ["expired"], from: -9, days: -3 })),
      host("soon", issue({ dns: ["soon"], days: 13 })),
      host("later", issue({ dns: ["later"], days: 14 })),
      host("early", issue({ dns: ["early"], from: 2 })),
      host("elsewhere", issue({ dns: ["example.net"] })),
      host("chain", { ...chained, certificatePem: chained.certificatePem + authority.certificatePem }),
      host("mixed", { ...chained, certificatePem: chained.certificatePem + other.certificatePem }),
    ],
    { log: warningLog(warnings) },
  );
  expect(warnings.map((text) => text.replace(/\d{4}-\S+Z/, "…"))).toEqual([
    "expired: certificate expired 3 days ago",
    "soon: certificate expires in 13 days",
    "early: certificate is not valid before …",
    "elsewhere: certificate does not name elsewhere",
    "mixed: certificate does not name mixed",
    "mixed: certificate certificate 1 was not issued by certificate 2: the leaf comes first, then its issuers",
  ]);
});

describe("reload", () => {
  test("takes new files, and keeps a context whose files are the same", () => {
    const hosts = [host("a", issue({ dns: ["a"] })), host("b", issue({ dns: ["b"] }))];
    const tls = contexts(hosts);
    const before = { a: tls.forDomain("a"), b: tls.forDomain("b") };
    const renewed = issue({ dns: ["a"] });
    host("a", renewed);
    tls.reload();
    expect(tls.forDomain("b")).toBe(before.b);
    expect(tls.forDomain("a")).not.toBe(before.a);
    expect(tls.leaf("a")).toEqual(new X509Certificate(renewed.certificatePem).raw);
  });

  test("leaves everything as it was where one file is wrong", () => {
    const tls = contexts([host("a", issue({ dns: ["a"] })), host("b", issue({ dns: ["b"] }))]);
    const before = [tls.forDomain("a"), tls.leaf("b")];
    host("a", issue({ dns: ["a"] }));
    folder.write("b.key", "gone");
    expect(() => tls.reload()).toThrow(/b\.key: has no PEM private key/);
    expect([tls.forDomain("a"), tls.leaf("b")]).toEqual(before);
  });

  test("comes by itself once files change, waits while a pair is half written, and follows symbolic links", async () => {
    const clock = new ManualClock(Date.now());
    const first = join(folder.path, "first");
    mkdirSync(first);
    const original = issue({ dns: ["a"] });
    folder.write("first/a.pem", original.certificatePem);
    folder.write("first/a.key", original.keyPem);
    symlinkSync(first, join(folder.path, "live"));
    const path = (name: string) => join(folder.path, "live", name);
    const warnings: string[] = [];
    const facts: object[] = [];
    let tell = () => {};
    const heard = () =>
      new Promise<void>((resolve) => {
        tell = resolve;
      });
    let rest = () => {};
    /** The look that comes next is over once the one behind it is waited for. */
    const looked = () =>
      new Promise<void>((resolve) => {
        rest = resolve;
      });
    const watched: Clock = {
      now: clock.now,
      clearTimeout: (timer) => clock.clearTimeout(timer),
      setTimeout(callback, ms) {
        rest();
        return clock.setTimeout(callback, ms);
      },
    };
    const tls = contexts([{ domain: "a", certificate: { certificate: path("a.pem"), key: path("a.key") } }], {
      clock: watched,
      watchSeconds: 60,
      log: {
        ...warningLog(warnings, () => tell()),
        error: (given, text) => {
          facts.push(given);
          warnings.push(text);
          tell();
        },
      },
    });

    const renewed = issue({ dns: ["a"] });
    folder.write("first/a.pem", renewed.certificatePem);
    let next = heard();
    await clock.advance(60_000);
    await next;
    // Once for what is wrong, without a stack, and not again with each look.
    for (const _ of [1, 2]) {
      const over = looked();
      await clock.advance(60_000);
      await over;
    }
    expect(warnings).toEqual(["certificates not reloaded: the old ones stay"]);
    expect(facts).toEqual([{ problems: [expect.stringMatching(/^a: .*a\.key: is not the key of the first/)] }]);
    folder.write("first/a.key", "no key");
    next = heard();
    await clock.advance(60_000);
    await next;
    expect(facts[1]).toEqual({ problems: [expect.stringMatching(/a\.key: has no PEM private key$/)] });
    expect(tls.leaf("a")).toEqual(new X509Certificate(original.certificatePem).raw);

    folder.write("first/a.key", renewed.keyPem);
    next = heard();
    await clock.advance(60_000);
    await next;
    expect(tls.leaf("a")).toEqual(new X509Certificate(renewed.certificatePem).raw);

    const again = issue({ dns: ["a"] });
    mkdirSync(join(folder.path, "second"));
    folder.write("second/a.pem", again.certificatePem);
    folder.write("second/a.key", again.keyPem);
    symlinkSync(join(folder.path, "second"), join(folder.path, "new"));
    renameSync(join(folder.path, "new"), join(folder.path, "live"));
    next = heard();
    await clock.advance(60_000);
    await next;
    expect(tls.leaf("a")).toEqual(new X509Certificate(again.certificatePem).raw);
  });
});

test("authorities: every mistake at once", () => {
  const authority = folder.write("ca.pem", issue({ commonName: "Authority", ca: true }).certificatePem);
  expect(readAuthorities([authority], "a")).toHaveLength(1);
  const leaf = folder.write("leaf.pem", issue({}).certificatePem);
  const empty = folder.write("empty.pem", "");
  chmodSync(empty, 0o600);
  expect(() => readAuthorities([authority, leaf, empty, join(folder.path, "no.pem")], "a")).toThrow(
    /a\[1\]: .*leaf\.pem has a certificate that is no authority's[\s\S]*empty\.pem has no PEM[\s\S]*no\.pem cannot be read/,
  );
});
