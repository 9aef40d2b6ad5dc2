// What a stream of another server is offered, by where it stands. RFC 6120 §4.3.2, XEP-0220 §2.3, XEP-0288 §2.
import { expect, test } from "@jest/globals";
import { offeredText } from "../../xmpp/negotiation/receiving.ts";
import type { Standing } from "./standing.ts";
import { S2S_FEATURES } from "./table.ts";

const STARTTLS = "starttls";
const [REQUIRED, EXTERNAL, DIALBACK, MANAGEMENT, BIDI, LIMITS] = [
  "required",
  "mechanisms",
  "dialback",
  "sm",
  "bidi",
  "limits",
];

function offeredTo({ policy, ...standing }: { policy?: object } & Partial<Omit<Standing, "policy">>): string[] {
  const text = offeredText(S2S_FEATURES, {
    policy: { refuse: false, requireEncryption: true, bidirectional: true, ...policy } as Standing["policy"],
    encrypted: true,
    canEncrypt: true,
    authenticated: false,
    external: false,
    maxBytes: 10_000,
    idleSeconds: 60,
    ...standing,
  });
  return [...text.matchAll(/<(starttls|required|mechanisms|dialback|sm|bidi|limits)\b/g)].map(([, name]) => name ?? "");
}

test.each([
  ["in clear, where TLS is required", { encrypted: false }, [STARTTLS, REQUIRED, LIMITS]],
  [
    "in clear, where it is not",
    { encrypted: false, policy: { requireEncryption: false } },
    [STARTTLS, DIALBACK, MANAGEMENT, LIMITS],
  ],
  ["in clear, without a certificate", { encrypted: false, canEncrypt: false }, [DIALBACK, MANAGEMENT, LIMITS]],
  ["over TLS, with a certificate that proves it", { external: true }, [EXTERNAL, DIALBACK, MANAGEMENT, BIDI, LIMITS]],
  ["over TLS, with one that proves nothing", {}, [DIALBACK, MANAGEMENT, BIDI, LIMITS]],
  ["over TLS, without both ways", { policy: { bidirectional: false } }, [DIALBACK, MANAGEMENT, LIMITS]],
  ["over TLS, where the peer is refused", { external: true, policy: { refuse: true } }, [EXTERNAL, BIDI, LIMITS]],
  // No TLS, no EXTERNAL and no <bidi/> behind authentication; further domains are proven by dialback.
  ["authenticated", { authenticated: true, external: true }, [DIALBACK, MANAGEMENT, LIMITS]],
])("%s", (_, standing, names) => {
  expect(offeredTo(standing)).toEqual(names);
});

test("what changes who speaks or who they are begins the stream anew, and nothing else does", () => {
  expect(S2S_FEATURES.filter(({ restarts }) => restarts === true).map(({ name }) => name)).toEqual([
    "STARTTLS",
    "SASL",
  ]);
});

test("a feature that is negotiated says whose namespace it is, for each only one", () => {
  const negotiated = S2S_FEATURES.filter(({ informs }) => informs !== true).map(({ xmlns }) => xmlns);
  expect(negotiated).not.toContain(undefined);
  expect(new Set(negotiated).size).toBe(negotiated.length);
});
