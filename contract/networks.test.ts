// Networks as written, addresses as they come: in or out.
import { describe, expect, test } from "@jest/globals";
import { NodeConfig } from "./contract.ts";
import { check } from "./load.ts";
import { Networks, parseNetwork, plainAddress } from "./networks.ts";

test.each([
  ["10.0.0.0/8", { address: "10.0.0.0", prefix: 8, family: "ipv4" }],
  ["0.0.0.0/0", { address: "0.0.0.0", prefix: 0, family: "ipv4" }],
  ["192.0.2.1", { address: "192.0.2.1", prefix: 32, family: "ipv4" }],
  ["2001:DB8::/32", { address: "2001:db8::", prefix: 32, family: "ipv6" }],
  ["::/0", { address: "::", prefix: 0, family: "ipv6" }],
  ["::1", { address: "::1", prefix: 128, family: "ipv6" }],
  ["::ffff:10.0.0.0/104", { address: "10.0.0.0", prefix: 8, family: "ipv4" }],
  ["::ffff:a00:0/104", { address: "10.0.0.0", prefix: 8, family: "ipv4" }],
])("%s is a network", (text, network) => expect(parseNetwork(text)).toEqual(network));

const BAD = ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0/8", "10.0.0.0/08", "10.0.0.0/-1", "lb.example/8", "*"];
test.each([...BAD, "10.0.0.0/8 ", "fe80::1%eth0/64", "10.0.0.0/8/8", "::ffff:10.0.0.0/8"])("%j is none", (text) => {
  expect(parseNetwork(text)).toBeUndefined();
  expect(() => new Networks([text])).toThrow(TypeError);
});

test.each([
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["0:0:0:0:0:FFFF:C000:201", "192.0.2.1"],
  ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
  ["fe80::1%eth0", "fe80::1"],
  ["192.0.2.1", "192.0.2.1"],
])("%s is %s", (text, plain) => expect(plainAddress(text)).toBe(plain));

describe("membership", () => {
  const networks = new Networks(["10.1.0.0/20", "2001:db8:1::/48", "192.0.2.7"]);

  test.each([
    "10.1.0.0",
    "10.1.15.255",
    "::ffff:10.1.2.3",
    "::ffff:a01:203",
    "2001:db8:1:ffff::1",
    "2001:db8:1::1%eth0",
    "192.0.2.7",
  ])("%s is in", (address) => expect(networks.has(address)).toBe(true));

  test.each(["10.1.16.0", "10.0.255.255", "::ffff:10.1.16.0", "2001:db8:2::1", "192.0.2.8", "::a01:203", "", "x"])(
    "%j is out",
    (address) => expect(networks.has(address)).toBe(false),
  );

  test("a connection that has no address any more is out", () => expect(networks.has(undefined)).toBe(false));
  test("all of IPv6 is nothing of IPv4, and the other way round", () => {
    expect(new Networks(["::/0"]).has("192.0.2.1")).toBe(false);
    expect(new Networks(["::/0"]).has("::ffff:192.0.2.1")).toBe(false);
    expect(new Networks(["0.0.0.0/0"]).has("2001:db8::1")).toBe(false);
    expect(new Networks(["0.0.0.0/0"]).has("::ffff:192.0.2.1")).toBe(true);
  });
});

test.each(["c2s", "http", "s2s"])("what is no network is told with its path (%s)", (kind) => {
  const config = {
    node: "one",
    hosts: [{ domain: "verona.test" }],
    listeners: [{ kind, port: 0, proxyProtocol: ["10.0.0.0/8", "10.0.0.0/33"] }],
    storage: { kind: "memory" },
  };
  const problem = "listeners[0].proxyProtocol[1]: a network as 10.0.0.0/8 or 2001:db8::/32, or one address";
  expect(() => check(NodeConfig, config, "node.json")).toThrow(
    expect.objectContaining({ name: "ConfigError", problems: [problem] }),
  );
});
