// How many streams and verifications one network may have: an IPv6 network counts as one peer.
import { expect, test } from "@jest/globals";
import type { FederationContext } from "../context.ts";
import { IncomingStreams, MAX_VERIFYING } from "./streams.ts";

const streams = (config: object) => new IncomingStreams({ config } as unknown as FederationContext);

test("streams that are not authenticated are counted by network, and in all", () => {
  const counted = streams({ unauthenticatedStreams: 3, unauthenticatedPerAddress: 2 });
  const first = counted.admit("2001:db8::1");
  expect(first).toBeDefined();
  expect(counted.admit("2001:db8:0:0:ffff::2")).toBeDefined();
  expect(counted.admit("2001:db8::3")).toBeUndefined();
  expect(counted.admit("2001:db8:0:1::1")).toBeDefined();
  expect(counted.admit("192.0.2.1")).toBeUndefined();
  first?.release();
  first?.release();
  expect(counted.admit("192.0.2.1")).toBeDefined();
  expect(counted.admit("192.0.2.2")).toBeUndefined();
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
