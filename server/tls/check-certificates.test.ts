// What a configuration's certificates are told for: each mistake with its path.
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { NodeConfig } from "../../contract/contract.ts";
import { certificateFiles, TALK_START } from "../../test/harness/certificates.ts";
import { checkCertificates } from "./check-certificates.ts";

const DOMAIN = "bücher.test";

function checked(certificate: object | undefined, requireTls = true) {
  const config = NodeConfig.parse({
    node: "n",
    hosts: [{ domain: DOMAIN, ...(certificate && { certificate }) }],
    listeners: [
      { kind: "c2s", port: 5222 },
      { kind: "s2s", port: 5269 },
    ],
    storage: { kind: "memory" },
    authentication: { requireTls },
  });
  return checkCertificates(config, TALK_START);
}

const of = (kind: "good" | "expired" | "future" | "wrong-name" | "server-only") =>
  certificateFiles("xn--bcher-kva.test", kind);

test("a good one has neither mistakes nor warnings, in A-labels for a domain in U-labels", () =>
  expect(checked(of("good"))).toEqual({ problems: [], warnings: [] }));

test.each([
  ["expired", /^hosts\[0\]\.certificate\.certificate: .* expired \d+ days? ago$/],
  ["future", /is not valid before/],
  ["wrong-name", /does not name bücher\.test$/],
] as const)("%s is a mistake", (kind, message) =>
  expect(checked(of(kind)).problems).toEqual([expect.stringMatching(message)]),
);

test("one for servers alone is a warning to a node that federates", () =>
  expect(checked(of("server-only")).warnings).toEqual([expect.stringContaining("no clientAuth")]));

test("the key of another certificate, and a key that is not there", () => {
  const { certificate } = of("good");
  const folder = mkdtempSync(join(tmpdir(), "meridian-key-"));
  const key = join(folder, "other.pem");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(key, privateKey.export({ format: "pem", type: "pkcs8" }));
  const { problems } = checked({ certificate, key });
  const both = checked({ certificate: of("wrong-name").certificate, key }).problems;
  rmSync(folder, { recursive: true });
  expect(problems).toEqual([
    expect.stringMatching(/^hosts\[0\]\.certificate\.key: .* is not the key of the first certificate/),
  ]);
  expect(both).toEqual([
    expect.stringMatching(/is not the key of the first certificate/),
    expect.stringMatching(/does not name bücher\.test$/),
  ]);
  expect(checked({ certificate, key: "/nowhere/key.pem" }).problems).toEqual([
    "hosts[0].certificate.key: /nowhere/key.pem no such file",
  ]);
});

test("none where clients must encrypt, and none where they need not", () => {
  expect(checked(undefined).problems).toEqual([expect.stringContaining("lets no client of bücher.test log in")]);
  expect(checked(undefined, false)).toMatchObject({ problems: [], warnings: [expect.stringContaining("STARTTLS")] });
});
