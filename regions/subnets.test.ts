import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Cidr, contains, formatCidr, overlap, parseCidr } from "./cidr.ts";
import { allocateSubnets, ipv6Subnet, nodeAddresses } from "./subnets.ts";

const network = fc
  .record({ prefix: fc.integer({ min: 16, max: 22 }), seed: fc.nat(2 ** 22 - 1) })
  .map(({ prefix, seed }) => {
    const within10 = seed % 2 ** (prefix - 8);
    return formatCidr({ base: 10 * 2 ** 24 + within10 * 2 ** (32 - prefix), prefix });
  });
const zones = fc.integer({ min: 1, max: 4 });
const parsed = (text: string): Cidr => {
  const range = parseCidr(text);
  if (!range) throw new Error(`no range: ${text}`);
  return range;
};

test("ranges are read and written alike", () => {
  fc.assert(fc.property(network, (text) => expect(formatCidr(parsed(text))).toBe(text)));
  expect(["10.0.0.1/16", "10.0.0.0/33", "10.0.0/8", "256.0.0.0/8", "10.0.0.0", " 10.0.0.0/8"].map(parseCidr)).toEqual(
    Array(6).fill(undefined),
  );
  expect(parseCidr("255.255.255.255/32")).toEqual({ base: 2 ** 32 - 1, prefix: 32 });
});

test("subnets lie within their network, and none overlaps another", () => {
  fc.assert(
    fc.property(network, zones, (range, count) => {
      const subnets = allocateSubnets(range, count).map((subnet) => parsed(subnet.ipv4));
      expect(subnets).toHaveLength(count * 3);
      for (const [i, a] of subnets.entries()) {
        expect(contains(parsed(range), a)).toBe(true);
        for (const b of subnets.slice(i + 1)) expect(overlap(a, b)).toBe(false);
      }
    }),
  );
});

test("AWS takes each of them (/16 to /28), a load balancer has its 8 free addresses, and nodes have the most room", () => {
  fc.assert(
    fc.property(network, zones, (range, count) => {
      for (const subnet of allocateSubnets(range, count)) {
        const { prefix } = parsed(subnet.ipv4);
        expect(prefix).toBeGreaterThanOrEqual(16);
        expect(prefix).toBeLessThanOrEqual(27);
        if (subnet.tier === "private") expect(nodeAddresses(subnet)).toBeGreaterThanOrEqual(123);
      }
    }),
  );
});

test("a zone that joins moves no other subnet", () => {
  fc.assert(
    fc.property(network, fc.integer({ min: 1, max: 3 }), (range, count) => {
      expect(allocateSubnets(range, count + 1).slice(0, count * 3)).toEqual(allocateSubnets(range, count));
    }),
  );
});

test("every subnet has an IPv6 /64 of its own", () => {
  const subnets = allocateSubnets("10.1.0.0/16", 4);
  const blocks = subnets.map((subnet) => ipv6Subnet("2600:1f18:12:ab00::/56", subnet.ipv6Index));
  expect(new Set(blocks).size).toBe(12);
  expect(blocks[0]).toBe("2600:1f18:12:ab00::/64");
  expect(blocks[11]).toBe("2600:1f18:12:ab0e::/64");
  expect(ipv6Subnet("2600:1f18::/56", 255)).toBe("2600:1f18:0:ff::/64");
  expect(() => ipv6Subnet("2600:1f18::/64", 0)).toThrow(RangeError);
});

test("what cannot be cut is refused", () => {
  for (const range of ["10.0.0.0/15", "10.0.0.0/23", "nonsense"])
    expect(() => allocateSubnets(range, 3)).toThrow(RangeError);
  expect(() => allocateSubnets("10.0.0.0/16", 5)).toThrow(RangeError);
});
