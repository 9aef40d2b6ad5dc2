// Which broken streams are kept for their peers: one peer's do not push out another's, by whatever names it has.
import { expect, test } from "@jest/globals";
import type { FederationContext } from "../way/context.ts";
import { Way } from "../way/way.ts";
import { ManagedStream, ResumableStreams } from "./management.ts";
import type { IncomingStream } from "./stream.ts";

const LIMIT = 5_000;

/** Streams of a node, and what breaks one of a domain at an address. */
function node() {
  const clock = { now: () => 0, setTimeout: () => ({}), clearTimeout: () => {} };
  const streams = new ResumableStreams({ clock, config: { resumeSeconds: 300 } } as unknown as FederationContext);
  const up = (domain: string, remoteAddress: string) => {
    const session = { stream: { transport: { remoteAddress } } } as unknown as IncomingStream;
    const stream = new ManagedStream(streams, session, new Way(streams.context, "verona.test", domain));
    streams.add(stream);
    return stream;
  };
  const broken = (domain: string, remoteAddress: string) => {
    const stream = up(domain, remoteAddress);
    stream.suspend(undefined, []);
    return stream;
  };
  const kept = (all: readonly ManagedStream[]) => all.filter(({ id }) => streams.find(id) !== undefined).length;
  return { streams, up, broken, kept };
}

test.each([
  ["of one domain", () => ["evil.test", "192.0.2.1"]],
  ["of one domain in the network of others", () => ["evil.test", "198.51.100.7"]],
  ["of many names in one network", (i: number) => [`x${i}.evil.test`, `192.0.2.${i % 250}`]],
] as const)("a flood %s pushes out its own at most, and nobody else's", (_, place) => {
  const { up, broken, kept } = node();
  const [live, victim] = [up("good.test", "198.51.100.1"), broken("good.test", "198.51.100.1")];
  const flood = Array.from({ length: LIMIT + 100 }, (_none, i) => {
    const [domain, address] = place(i);
    return broken(domain ?? "", address ?? "");
  });
  expect([kept([live, victim]), kept(flood)]).toEqual([2, LIMIT - 1]);
  // A domain's newer ones push out its older ones; a name that has none gets none where the others have one each.
  const [first, last] = [flood[0], flood.at(-1)] as [ManagedStream, ManagedStream];
  expect(kept([first])).toBe(first.way.remote === last.way.remote ? 0 : 1);
  // Whoever has none comes in while one has most.
  expect(kept([broken("fair.test", "203.0.113.1"), live, victim])).toBe(3);
});

test("a stream that is up takes no place, and one that was resumed gives its back", () => {
  const { streams, up, broken, kept } = node();
  const others = Array.from({ length: LIMIT }, () => up("good.test", "198.51.100.1"));
  const one = broken("good.test", "198.51.100.1");
  expect([streams.broken.size, kept(others)]).toEqual([1, LIMIT]);
  const session = {
    stream: { transport: { remoteAddress: "198.51.100.1" }, send: () => {} },
    gate: { manage: () => {} },
  };
  const next = { ...session, domains: { proofs: () => [] }, reverse: { offerAll: () => {} }, detach: () => [] };
  one.session = next as unknown as IncomingStream;
  expect(one.resume(next as unknown as IncomingStream, 0)).toBeUndefined();
  expect([streams.broken.size, kept([one])]).toEqual([0, 1]);
});

test("where all have one each, who comes last is not kept", () => {
  const { broken, kept } = node();
  const all = Array.from({ length: LIMIT }, (_, i) => broken("a.test", `10.${i >> 8}.${i & 255}.1`));
  expect([kept([broken("late.test", "192.0.2.1")]), kept(all)]).toEqual([0, LIMIT]);
});
