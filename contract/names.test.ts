// Names and addresses however an operator writes them: one form is kept, wherever they stand.
import { describe, expect, test } from "@jest/globals";
import { NodeConfig } from "./contract.ts";
import { AccountJid, Address, DomainName, DomainPattern, HostPort, NameServerAddress } from "./names.ts";

/** Four ways of writing bücher.example; upper case, A-labels, a trailing dot, and U+0308 for itself (NFD). */
const WAYS = ["Bücher.Example", "xn--bcher-kva.example", "bücher.example.", "bu\u0308cher.example"];

test.each(WAYS)("%s is one domain wherever a domain stands", (domain) => {
  const config = NodeConfig.parse({
    node: "n",
    hosts: [{ domain, admins: [`Me@${domain}`] }],
    components: [{ domain: `chat.${domain}`, secret: "sixteen characters" }],
    listeners: [{ kind: "c2s", port: 5222 }],
    storage: { kind: "memory" },
    authentication: { providers: [{ kind: "http", url: "https://a.test/", domains: [domain] }] },
    federation: { links: [domain], policies: [{ domains: [domain, `*.${domain}`, "*"], refuse: true }] },
  });
  const one = "bücher.example";
  expect(config.hosts[0]).toMatchObject({ domain: one, admins: [`me@${one}`] });
  expect(config.components[0]?.domain).toBe(`chat.${one}`);
  expect(config.authentication.providers[0]).toMatchObject({ domains: [one] });
  expect(config.federation.links).toEqual([one]);
  expect(config.federation.policies[0]?.domains).toEqual([one, `*.${one}`, "*"]);
});

const given = (schema: { safeParse(text: string): { data?: unknown; error?: unknown } }) => (text: string) =>
  schema.safeParse(text).data;

describe("what is none is refused", () => {
  test.each([
    "",
    ".",
    "a..b",
    "a b",
    "-a.test",
    "a@b.test",
    "a.test/x",
    "*.a.test",
    "xn--zzzzzz--.test",
    `${"a".repeat(64)}.test`,
  ])("'%s' as a domain", (text) => expect(given(DomainName)(text)).toBeUndefined());

  test.each(["*.", "*.*", "a.*", "**", "*.a b"])("'%s' as a pattern", (text) =>
    expect(given(DomainPattern)(text)).toBeUndefined(),
  );

  test.each(["me", "@a.test", "me@", "me@a.test/phone", "me@@a.test", "a b@a.test", ""])("'%s' as an account", (text) =>
    expect(given(AccountJid)(text)).toBeUndefined(),
  );

  test.each(["", "300.1.1.1", "1.2.3", "[::1", "[127.0.0.1]", "[a.test]", "::g", "a b", "127.0.0.1:53"])(
    "'%s' as an address",
    (text) => expect(given(Address)(text)).toBeUndefined(),
  );

  test.each(["", "ns.example.org", "127.0.0.1:0", "127.0.0.1:70000", "[::1", "[127.0.0.1]:53"])(
    "'%s' as a name server",
    (text) => expect(given(NameServerAddress)(text)).toBeUndefined(),
  );

  test.each(["", "a.test", "a.test:0", "a.test:65536", "::1:5222", "[a.test]:1", "300.1.1.1:5222"])(
    "'%s' as host and port",
    (text) => expect(given(HostPort)(text)).toBeUndefined(),
  );
});

test("IPv6 literals are taken with brackets and without, where that is clear", () => {
  expect(["::", "[::1]", "::1", "127.0.0.1", "localhost", "fe80::1%lo"].map(given(Address))).toEqual([
    "::",
    "::1",
    "::1",
    "127.0.0.1",
    "localhost",
    "fe80::1%lo",
  ]);
  expect(["::1", "[::1]:5353", "[::1]", "192.0.2.1", "192.0.2.1:5353"].map(given(NameServerAddress))).toEqual([
    "[::1]:53",
    "[::1]:5353",
    "[::1]:53",
    "192.0.2.1:53",
    "192.0.2.1:5353",
  ]);
  expect(given(DomainName)("[2001:DB8:0::1]")).toBe("[2001:db8::1]");
  expect(given(HostPort)("[::1]:5222")).toBe("[::1]:5222");
});
