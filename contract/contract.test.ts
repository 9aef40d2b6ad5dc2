// Mistakes that only the whole configuration shows.
import { describe, expect, test } from "@jest/globals";
import { NodeConfig } from "./contract.ts";
import { ConfigError, check } from "./load.ts";

const certificate = { certificate: "a.crt", key: "a.key" };
const SECRET = "sixteen characters";

/** What is told of a configuration; nothing where it is good. */
function told(changes: Record<string, unknown>): readonly string[] {
  const good = {
    node: "n",
    hosts: [{ domain: "a.test", certificate }],
    listeners: [{ kind: "c2s", port: 5222 }],
    storage: { kind: "memory" },
  };
  try {
    check(NodeConfig, { ...good, ...changes }, "test");
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test("a good one has none", () => expect(told({})).toEqual([]));

test("every mistake is told, not only the first", () => {
  const problems = told({
    hosts: [{ domain: "a.test" }, { domain: "a.test" }],
    listeners: [{ kind: "metrics", address: "::", port: 0 }],
  });
  expect(problems.map((problem) => problem.split(":")[0])).toEqual(["hosts[1].domain", "listeners[0].address"]);
});

describe("domains are served once", () => {
  const component = (domain: string) => ({ domain, secret: SECRET });

  test("a host twice", () =>
    expect(told({ hosts: [{ domain: "a.test" }, { domain: "a.test" }] })).toEqual([
      "hosts[1].domain: a.test is served by hosts[0] already",
    ]));

  test("a component of a host's domain", () =>
    expect(told({ components: [component("b.test"), component("a.test")] })).toEqual([
      "components[1].domain: a.test is served by hosts[0] already",
    ]));

  test("a component twice", () =>
    expect(told({ components: [component("b.test"), component("b.test")] })).toEqual([
      "components[1].domain: b.test is served by components[0] already",
    ]));
});

describe("listeners", () => {
  const pair = (one: object, other: object) =>
    told({
      listeners: [
        { kind: "c2s", port: 5222, ...one },
        { kind: "s2s", port: 5222, ...other },
      ],
    });

  test.each([
    [{}, {}],
    [{ address: "::" }, { address: "192.0.2.1" }],
    [{ address: "192.0.2.1" }, { address: "0.0.0.0" }],
    [{ address: "::1" }, { address: "0:0::1" }],
    [{}, { address: "localhost" }],
    [{ address: "localhost" }, { address: "::1" }],
  ])("%j and %j cannot both have the port", (one, other) =>
    expect(pair(one, other)).toEqual(["listeners[1].port: 5222 is taken by listeners[0] already"]),
  );

  test.each([
    [{ port: 0 }, { port: 0 }],
    [{}, { port: 5269 }],
    [{ address: "192.0.2.1" }, { address: "192.0.2.2" }],
    [{ address: "0.0.0.0" }, { address: "::1" }],
  ])("%j and %j can", (one, other) => expect(pair(one, other)).toEqual([]));

  test.each([
    { kind: "c2s", tls: "direct" },
    { kind: "s2s", tls: "direct" },
    { kind: "http", tls: true },
  ])("direct TLS without any certificate: %j", (listener) => {
    const listeners = [{ ...listener, port: 1 }];
    expect(told({ hosts: [{ domain: "a.test" }], listeners })).toEqual([
      "listeners[0].tls: direct TLS needs a host with a certificate",
    ]);
    expect(told({ hosts: [{ domain: "a.test" }, { domain: "b.test", certificate }], listeners })).toEqual([]);
  });

  test("streams by ALPN need TLS beneath", () => {
    const http = { kind: "http", port: 1, directTls: true };
    expect(told({ listeners: [http] })).toEqual(["listeners[0].directTls: needs `tls: true` beside it"]);
    expect(told({ listeners: [{ ...http, tls: true }] })).toEqual([]);
  });

  test("the address that clients are told is one of a WebSocket", () => {
    const http = (publicUrl: string) => told({ listeners: [{ kind: "http", port: 1, publicUrl }] });
    for (const url of ["foo bar", "https://a.test/ws", "wss://", "wss://a b/ws", ""])
      expect(http(url)).toEqual([expect.stringMatching(/^listeners\[0\]\.publicUrl: expected a WebSocket address/)]);
    for (const url of ["wss://a.test/xmpp-websocket", "ws://127.0.0.1:5280/ws"]) expect(http(url)).toEqual([]);
  });

  test("metrics are on loopback, or exposed by an operator who says so", () => {
    const metrics = (more: object) => told({ listeners: [{ kind: "metrics", port: 9464, ...more }] });
    for (const address of ["127.0.0.1", "127.1.2.3", "::1", "localhost", "::ffff:127.0.0.1"])
      expect(metrics({ address })).toEqual([]);
    for (const address of ["0.0.0.0", "::", "192.0.2.1", "127.0.0.1.example.org"])
      expect(metrics({ address })).toEqual(["listeners[0].address: metrics beyond loopback need `exposed: true`"]);
    expect(metrics({ address: "0.0.0.0", exposed: true })).toEqual([]);
  });

  test("the nodes of a cluster that federates share the secret of their keys", () => {
    const cluster = { redis: { urls: ["redis://127.0.0.1"] } };
    const [mistake, ...more] = told({ cluster });
    expect(mistake).toMatch(/^federation\.dialbackSecret: the nodes of a cluster need one that they share/);
    expect(more).toEqual([]);
    expect(told({ cluster, federation: { dialbackSecret: "sixteen characters" } })).toEqual([]);
    expect(told({ cluster, federation: { enabled: false } })).toEqual([]);
  });
});

describe("modules", () => {
  const modules = (given: object) => told({ hosts: [{ domain: "a.test", certificate, modules: given }] });

  test("are left out by false, or have settings", () => {
    expect(modules({ ping: false, roster: { maxItems: 5 }, register: {} })).toEqual([]);
  });

  test("a setting that is wrong is told where it stands", () => {
    expect(modules({ roster: { maxItems: "many" }, version: { showOS: true } })).toEqual([
      "hosts[0].modules.roster.maxItems: must be a number, not a string",
      'hosts[0].modules.version.showOS: "showOS" is no setting; did you mean "showOs"?',
    ]);
  });

  test("one that there is not is told with what was meant", () => {
    expect(modules({ rooster: {} })).toEqual([
      'hosts[0].modules.rooster: "rooster" is no setting; did you mean "roster"?',
    ]);
    expect(modules({ ping: "off" })).toEqual([
      expect.stringMatching(/^hosts\[0\]\.modules\.ping: .*; or must be an object/),
    ]);
  });
});

test("an editor may be told where the schema is", () =>
  expect(told({ $schema: "configuration.schema.json" })).toEqual([]));
