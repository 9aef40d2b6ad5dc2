// Advice fits the certificate and the policy it is given under.
import { expect, test } from "@jest/globals";
import { adviceFor, type Names } from "./advice.ts";

const names = (more: Partial<Names>): Names => ({
  ...{ from: "a.test", to: "b.test", dialback: true, serverOnly: false },
  ...more,
});
const REFUSED = "b.test refused SASL EXTERNAL: not-authorized";

test("a certificate without clientAuth is named where a peer does not take it", () => {
  expect(adviceFor("authentication", REFUSED, names({ serverOnly: true }))).toMatch(/serverAuth, no clientAuth/);
  expect(adviceFor("authentication", REFUSED, names({}))).not.toMatch(/clientAuth/);
});

test.each([
  ["certificate", "the certificate of CN=b.test expired on 2026-01-01T00:00:00.000Z"],
  ["authentication", REFUSED],
  ["authentication", "b.test did not accept our dialback key: policy-violation"],
] as const)("where policy leaves no room for dialback, advice on %s has no word of it", (step, reason) => {
  for (const serverOnly of [true, false])
    expect(adviceFor(step, reason, names({ dialback: false, serverOnly }))).not.toMatch(/dialback/i);
});
