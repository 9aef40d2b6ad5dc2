// Guessing passwords: slowed, then banned, per account and per address, in bounded memory.
import { beforeEach, describe, expect, test } from "@jest/globals";
import { ManualClock } from "../../test/harness/manual-clock.ts";
import { networkOf } from "../networks.ts";
import { Throttle } from "./throttle.ts";

const ROMEO = "romeo@example.org";
let clock: ManualClock;
let throttle: Throttle;

beforeEach(() => {
  clock = new ManualClock(1_000_000);
  throttle = new Throttle({ clock });
});

/** An address nobody else has. */
function address(i: number): string {
  return `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
}

test("within a ban a wrong password waits as long as a right one, which counts for nothing", () => {
  const strict = new Throttle({ clock, failuresBeforeBan: 2 });
  for (let i = 0; i < 2; i += 1) strict.failed(ROMEO, address(i));
  expect(strict.banned(ROMEO, address(9))).toBe(true);
  expect(strict.refused()).toBe(strict.failed(ROMEO, address(9)));
});

test("the first failures are free, the next ones cost more and more", () => {
  const delays = Array.from({ length: 8 }, () => throttle.failed(ROMEO, "192.0.2.1"));
  expect(delays).toEqual([0, 0, 500, 1000, 2000, 4000, 5000, 5000]);
});

describe("twenty failures", () => {
  test("ban their address for every account, for an hour", async () => {
    for (let i = 0; i < 20; i += 1) {
      expect(throttle.banned(ROMEO, "192.0.2.1")).toBe(false);
      throttle.failed(`user${i}@example.org`, "192.0.2.1");
    }
    expect(throttle.banned("juliet@example.org", "192.0.2.1")).toBe(true);
    expect(throttle.banned(undefined, "192.0.2.1")).toBe(true);
    expect(throttle.banned(ROMEO, "192.0.2.2")).toBe(false);
    await clock.advance(3_599_999);
    expect(throttle.banned(ROMEO, "192.0.2.1")).toBe(true);
    await clock.advance(1);
    expect(throttle.banned(ROMEO, "192.0.2.1")).toBe(false);
    expect(throttle.failed(ROMEO, "192.0.2.1")).toBe(0);
  });

  test("ban their account for every address, whether or not it exists, but not for its owner's", () => {
    throttle.succeeded(ROMEO, "198.51.100.7");
    for (const account of [ROMEO, "nobody@example.org"])
      for (let i = 0; i < 20; i += 1) throttle.failed(account, address(i));
    expect(throttle.banned(ROMEO, "192.0.2.9")).toBe(true);
    expect(throttle.banned("nobody@example.org", "192.0.2.9")).toBe(true);
    expect(throttle.banned(ROMEO, "198.51.100.7")).toBe(false);
    expect(throttle.banned("juliet@example.org", "192.0.2.9")).toBe(false);
  });

  test("of one IPv6 network count together, however many addresses it has", () => {
    for (let i = 0; i < 20; i += 1) throttle.failed(`user${i}@example.org`, `2001:db8:0:1::${i.toString(16)}`);
    expect(throttle.banned(undefined, "2001:db8:0:1:ffff::1")).toBe(true);
    expect(throttle.banned(undefined, "2001:db8:0:2::1")).toBe(false);
  });
});

test("a success forgets the account's failures, not the address'", () => {
  for (let i = 0; i < 19; i += 1) throttle.failed(ROMEO, "192.0.2.1");
  throttle.succeeded(ROMEO, "192.0.2.1");
  throttle.failed("juliet@example.org", "192.0.2.1");
  expect(throttle.banned(ROMEO, "192.0.2.1")).toBe(true);
  expect(throttle.banned(ROMEO, "192.0.2.2")).toBe(false);
});

test("memory is bounded, and a flood of other failures does not lift a ban", () => {
  throttle = new Throttle({ clock, limit: 100 });
  for (let i = 0; i < 20; i += 1) throttle.failed(ROMEO, "192.0.2.1");
  for (let i = 0; i < 10_000; i += 1) throttle.failed(`user${i}@example.org`, address(i));
  expect(throttle.banned("juliet@example.org", "192.0.2.1")).toBe(true);
  expect(throttle.banned(ROMEO, "192.0.2.2")).toBe(true);
  expect(throttle.size).toBeLessThanOrEqual(600);
});

test("keys from Object.prototype are keys like others", () => {
  expect(throttle.banned("__proto__", "constructor")).toBe(false);
  expect(throttle.failed("__proto__", "constructor")).toBe(0);
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:DB8::1", "2001:db8:0:0"],
  ["2001:0db8:0001:0002:3:4:5:6", "2001:db8:1:2"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["::1", "0:0:0:0"],
  ["64:ff9b::192.0.2.1", "64:ff9b:0:0"],
  ["", ""],
])("%s counts as %s", (given, network) => {
  expect(networkOf(given)).toBe(network);
});
