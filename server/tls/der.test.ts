// Reading certificates: what is there is found, and whatever is broken is harmless.
import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { CLIENT_AUTH, issue } from "../../test/tls/certificates.ts";
import { derElements } from "./der.ts";
import { extensions, pathLength } from "./extensions.ts";
import { signatureHash } from "./signature-hash.ts";
import { xmppAddresses } from "./xmpp-addresses.ts";

function parsed(pem: string): X509Certificate {
  return new X509Certificate(pem);
}

const many = parsed(
  issue({
    dns: ["example.org"],
    xmppAddresses: ["romeo@example.org", "jürgen@example.org", 'a, DNS:evil"@example.org'],
    ca: true,
    pathLength: 3,
    purposes: [CLIENT_AUTH],
  }).certificatePem,
);

test("extensions are found with their weight", () => {
  expect(extensions(many.raw).map(({ oid, critical }) => [oid, critical])).toEqual([
    ["551d13", true],
    ["551d11", false],
    ["551d25", false],
  ]);
  expect(pathLength(extensions(many.raw))).toBe(3);
  expect(pathLength(extensions(parsed(issue({ ca: true }).certificatePem).raw))).toBeUndefined();
});

test("xmppAddr are found as they are", () => {
  expect(xmppAddresses(many.raw)).toEqual(["romeo@example.org", "jürgen@example.org", 'a, DNS:evil"@example.org']);
  expect(xmppAddresses(parsed(issue({ dns: ["example.org"] }).certificatePem).raw)).toEqual([]);
});

test("no bytes make it throw, nor loop", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      derElements(Buffer.from(bytes));
      expect(xmppAddresses(Buffer.from(bytes))).toEqual([]);
    }),
    { seed: 6120, numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.nat(many.raw.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
      const broken = Buffer.from(many.raw);
      broken[at] = byte;
      expect(Array.isArray(xmppAddresses(broken))).toBe(true);
      expect(Array.isArray(extensions(broken.subarray(0, at)))).toBe(true);
    }),
    { seed: 6120, numRuns: 1000 },
  );
});

describe("the hash of tls-server-end-point, RFC 5929 §4.1", () => {
  test.each([
    ["ec", "sha1", "sha256"],
    ["ec", "sha256", "sha256"],
    ["ec", "sha384", "sha384"],
    ["ec", "sha512", "sha512"],
    ["rsa", "sha1", "sha256"],
    ["rsa", "sha256", "sha256"],
    ["rsa", "sha384", "sha384"],
    ["rsa", "sha512", "sha512"],
    ["ed25519", "sha256", undefined],
  ] as const)("%s with %s: %s", (key, hash, expected) => {
    expect(signatureHash(parsed(issue({ key, hash }).certificatePem))).toBe(expected);
  });

  // Made by `openssl req -x509 -sha384 -sigopt rsa_padding_mode:pss` (RFC 4055), the second with -sha1.
  test.each([
    ["sha384", PSS_SHA384()],
    ["sha256", PSS_SHA1()],
  ])("RSASSA-PSS: %s, from the parameters", (expected, pem) => {
    expect(signatureHash(parsed(pem))).toBe(expected);
  });
});

function PSS_SHA384(): string {
  return `-----BEGIN CERTIFICATE-----
MIICXDCCAZGgAwIBAgIUfi0QJm1CXxpLDR7nVvQhLYCCzh4wQQYJKoZIhvcNAQEK
MDSgDzANBglghkgBZQMEAgIFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgIF
AKIDAgFOMAwxCjAIBgNVBAMMAXgwHhcNMjYxMTI0MDY1NTU2WhcNMzYxMTIxMDY1
NTU2WjAMMQowCAYDVQQDDAF4MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCd
bx/WMIXAgW40Wha2Awc2+kljFmXeNKF0XSrU/ScRhWbaD0xo/MpDSdtzEvOpnCDT
3o5Gbh2hQIrUvJ8NboOqu4RUZMD3saqHM4PiyEMmwmiJLGhalE7gXWn+UuuNaGYH
UQWvNd7Kr6ENYFWwqG82eJksAAvGLdYPz04vIIzPRwIDAQABo1MwUTAdBgNVHQ4E
FgQUz738eTlZ2OEwaon1jqKLVWByiLEwHwYDVR0jBBgwFoAUz738eTlZ2OEwaon1
jqKLVWByiLEwDwYDVR0TAQH/BAUwAwEB/zBBBgkqhkiG9w0BAQowNKAPMA0GCWCG
SAFlAwQCAgUAoRwwGgYJKoZIhvcNAQEIMA0GCWCGSAFlAwQCAgUAogMCAU4DgYEA
bl/cqcBbr3rvJH0sfsCaiL21Uzek/bK05GjgXlfa107X8JzhSiczCMq/WQPqFwbO
6wL8TYm57ibnL7lA95LxR8b2FTew/0btqWULc6RdRAbVfdD/LoQNGAUmbC9/+TuZ
ls+iXOJd5A20htbUjYCVWcVnf+I5fd+p/Z/5AKhyrfc=
-----END CERTIFICATE-----
`;
}

function PSS_SHA1(): string {
  return `-----BEGIN CERTIFICATE-----
MIIB/jCCAWKgAwIBAgIUex1k6aL7aKITy2UMoD/KZgkqlWcwEgYJKoZIhvcNAQEK
MAWiAwIBajAMMQowCAYDVQQDDAF4MB4XDTI2MTEyNDA2NTU1NloXDTM2MTEyMTA2
NTU1NlowDDEKMAgGA1UEAwwBeDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEA
1x+1IJu8AftZ8H89Vq5zcSmnuWaVoFd9oLUWhTTz7aAquuxO6ZIY5qJIElcKnFGN
Tw8VHBOOCFI0xZ55FIFMXnGeMJDskZkk35PsFShjNTOKD2vnbg+l22qNbvD7Viic
Ve1/JpeUXFSC7cXIl5kFKAbagqKHa4a7w8OwyEljMgMCAwEAAaNTMFEwHQYDVR0O
BBYEFPbOhGR63247afk3qo2V7+5o63VgMB8GA1UdIwQYMBaAFPbOhGR63247afk3
qo2V7+5o63VgMA8GA1UdEwEB/wQFMAMBAf8wEgYJKoZIhvcNAQEKMAWiAwIBagOB
gQCQ2dNqlbaf/Rzq54V1PtgUU+S6WpIVHIG6d10CSJQ4D78g8yEczzXsT2ElYOVB
YaLL+g19CaK5Ku53UlIqtlU8sm9B4Ai0OtIMqret8s7HQM7uYLpGujWvWs+/9bBb
GV9JrxYKVYf+R28udVaWr64UR6KNigmrjbM0QHSC0s4NWg==
-----END CERTIFICATE-----
`;
}
