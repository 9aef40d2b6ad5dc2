// How many streams and verifications one network may have: an IPv6 network counts as one peer.
import { expect, test } from "@jest/globals";
import type { FederationContext } from "../way/context.ts";
import { IncomingStreams, MAX_VERIFYING } from "./streams.ts";

const streams = (config: object) => new IncomingStreams({ config } as unknown as FederationContext);

test("streams that are not authenticated are counted by address, and in all", () => {
  const counted = streams({ unauthenticatedStreams: 3, unauthenticatedPerAddress: 2 });
  const admit = (address: string) => counted.admit(address, () => {});
  const first = admit("2001:db8::1");
  expect(first).toBeDefined();
  expect(admit("2001:db8:0:0:ffff::2")).toBeDefined();
  expect(admit("2001:db8::3")).toBeUndefined();
  first?.release();
  first?.release();
  expect(admit("2001:db8::3")).toBeDefined();
  expect(admit("192.0.2.1")).toBeDefined();
  expect(admit("192.0.2.2")).toBeUndefined();
});

test("whoever has most places gives its oldest to whoever has fewer, and never the other way round", () => {
  const counted = streams({ unauthenticatedStreams: 6, unauthenticatedPerAddress: 100 });
  const evicted: string[] = [];
  const admit = (address: string) => counted.admit(address, () => evicted.push(address)) !== undefined;
  // One IPv4 network and one IPv6 network hold everything, each from many addresses.
  for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]) expect(admit(address)).toBe(true);
  for (const address of ["2001:db8:0:1::1", "2001:db8:0:2::1"]) expect(admit(address)).toBe(true);
  // Neither takes more of the other's than its share.
  expect(admit("192.0.2.5")).toBe(false);
  expect(admit("2001:db8:0:3::1")).toBe(true);
  expect(evicted).toEqual(["192.0.2.1"]);
  expect(admit("2001:db8:0:4::1")).toBe(false);
  // Networks that have none come in while any has two.
  for (const address of ["198.51.100.1", "203.0.113.1", "2001:db8:1::1", "2001:db8:2::1"])
    expect(admit(address)).toBe(true);
  expect(evicted).toHaveLength(5);
  expect(admit("2001:db8:3::1")).toBe(false);
});

test("a place that was given back, or taken away, counts no more", () => {
  const counted = streams({ unauthenticatedStreams: 2, unauthenticatedPerAddress: 2 });
  const slots = ["192.0.2.1", "192.0.2.1"].map((address) => counted.admit(address, () => {}));
  const other = counted.admit("198.51.100.1", () => {});
  expect(other).toBeDefined();
  slots[0]?.release();
  expect(counted.admit("203.0.113.1", () => {})).toBeUndefined();
  slots[1]?.release();
  expect(counted.admit("203.0.113.1", () => {})).toBeDefined();
});

test("keys in verification are counted by network", () => {
  const counted = streams({});
  const slots = Array.from({ length: MAX_VERIFYING }, (_, i) =>
    counted.admitVerification(`2001:db8::${i.toString(16)}`),
  );
  expect(slots).not.toContain(undefined);
  expect(counted.admitVerification("2001:db8::abcd")).toBeUndefined();
  expect(counted.admitVerification("192.0.2.1")).toBeDefined();
  slots[0]?.release();
  expect(counted.admitVerification("2001:db8::abcd")).toBeDefined();
});
