// TLS and policy of both sides as a matrix: which pairs of servers can talk, by what proof, and what the others are told.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Ground, type TestNode } from "./nodes.ts";

/** What a server presents: a certificate that proves it, one that does not, or none, so that it has no TLS. */
const CERTIFICATES = ["good", "self-signed", "none"] as const;
/** What it asks of others. */
const POLICIES = {
  /** Anything. */
  lenient: { requireEncryption: false },
  /** Encryption: the default. */
  normal: {},
  /** Encryption, and a certificate: a key proves no other server. */
  strict: { requireValidCertificate: true },
} as const;

interface Side {
  readonly certificate: (typeof CERTIFICATES)[number];
  readonly policy: keyof typeof POLICIES;
}

const SIDES: readonly Side[] = CERTIFICATES.flatMap((certificate) =>
  (Object.keys(POLICIES) as Side["policy"][]).map((policy) => ({ certificate, policy })),
);

/** What comes of a message from `a` to `b`: how it is proven, or none where it comes back. */
function expected(a: Side, b: Side): "external" | "dialback" | "none" {
  const encrypted = a.certificate !== "none" && b.certificate !== "none";
  const accepts = (self: Side, other: Side) => {
    if (self.policy === "lenient") return true;
    return encrypted && (self.policy === "normal" || other.certificate === "good");
  };
  if (!accepts(a, b) || !accepts(b, a)) return "none";
  if (encrypted && a.certificate === "good") return "external";
  // A policy asks for their proof, and leaves ours to them.
  return "dialback";
}

const name = (role: string, { certificate, policy }: Side) => `${role}-${certificate}-${policy}.test`;

let ground: Ground;
const nodes = new Map<string, TestNode>();

beforeAll(async () => {
  ground = await Ground.lay();
  for (const role of ["a", "b"])
    for (const side of SIDES) {
      const domain = name(role, side);
      const settings = { ...POLICIES[side.policy], bidirectional: false, connectSeconds: 60 };
      nodes.set(domain, await ground.node(domain, settings, false, side.certificate));
    }
}, 60_000);

afterAll(() => ground.clear(), 60_000);

const cells = SIDES.flatMap((a) => SIDES.map((b) => [name("a", a), name("b", b), expected(a, b)] as const));

test.each(cells)("%s to %s: %s", async (from, to, proof) => {
  const a = nodes.get(from) as TestNode;
  const b = nodes.get(to) as TestNode;
  const came = () => b.bodies().includes(from);
  const returned = () => a.received.find(({ id, type }) => id === to && type === "error");
  a.send(`y@${b.service}`, from, to);
  await a.until(() => came() || returned() !== undefined, "the message, or its return");
  const status = a.federation.outgoingStatus().find((pair) => pair.to === b.service);
  expect(came() ? status?.method : "none").toBe(proof);
  if (proof !== "none") return;
  // The sender is told that it cannot be, the operator why, in words that help.
  expect(returned()?.text()).toMatch(/remote-server-timeout.*could not be reached/);
  expect(status?.lastError).toMatch(
    /no TLS|require a valid certificate|allow no other way|not-authorized|policy-violation|neither/,
  );
});

test("the matrix has cells of each kind", () => {
  const count = (wanted: string) => cells.filter(([, , proof]) => proof === wanted).length;
  expect([cells.length, count("external"), count("dialback"), count("none")]).toEqual([81, 15, 15, 51]);
});
