// Happy eyeballs against candidates that connect, fail or hang when the test says so.
import { expect, test } from "@jest/globals";
import { HeldClock } from "../../test/dns/held-clock.ts";
import { type DialError, dial } from "./race.ts";

/** A stand-in for the network: each candidate waits for the test. */
function network() {
  const started: string[] = [];
  const aborted: string[] = [];
  const waiting = new Map<string, { connect: (what: string) => void; fail: (error: Error) => void }>();
  const connect = (candidate: string, signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      started.push(candidate);
      signal.addEventListener("abort", () => aborted.push(candidate));
      waiting.set(candidate, { connect: resolve, fail: reject });
    });
  return { started, aborted, connect, on: (candidate: string) => waiting.get(candidate)! };
}

/** Lets promises that are settled go on. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test("the first that connects at once is the only one dialled", async () => {
  const clock = new HeldClock();
  const net = network();
  const dialled = dial(["a", "b"], { connect: net.connect, clock });
  net.on("a").connect("a!");
  expect(await dialled).toBe("a!");
  expect(net.started).toEqual(["a"]);
  expect(clock.pending).toBe(0);
});

test("the next joins after 250 ms, the winner ends the others (RFC 8305 §5)", async () => {
  const clock = new HeldClock();
  const net = network();
  const dialled = dial(["a", "b", "c"], { connect: net.connect, clock });
  clock.advance(249);
  expect(net.started).toEqual(["a"]);
  clock.advance(1);
  expect(net.started).toEqual(["a", "b"]);
  net.on("b").connect("b!");
  expect(await dialled).toBe("b!");
  expect(net.aborted).toContain("a");
  clock.advance(1000);
  expect(net.started).toEqual(["a", "b"]);
});

test("a failure lets the next start at once, and its 250 ms begin then", async () => {
  const clock = new HeldClock();
  const net = network();
  const dialled = dial(["a", "b", "c"], { connect: net.connect, clock });
  clock.advance(200);
  net.on("a").fail(new Error("refused"));
  await settled();
  expect(net.started).toEqual(["a", "b"]);
  clock.advance(249);
  expect(net.started).toEqual(["a", "b"]);
  clock.advance(1);
  expect(net.started).toEqual(["a", "b", "c"]);
  net.on("b").connect("b!");
  expect(await dialled).toBe("b!");
});

test("when all failed, the error tells each reason in the candidates' order", async () => {
  const clock = new HeldClock();
  const net = network();
  const dialled = dial(["a", "b"], { connect: net.connect, clock });
  clock.advance(250);
  net.on("b").fail(new Error("unreachable"));
  net.on("a").fail(new Error("refused"));
  const error = await dialled.catch((caught: DialError) => caught);
  expect(error).toMatchObject({
    name: "DialError",
    message: "refused; unreachable",
    failures: [
      { candidate: "a", reason: "refused" },
      { candidate: "b", reason: "unreachable" },
    ],
  });
});

test("a connection that comes after another has won is given back to be closed", async () => {
  const clock = new HeldClock();
  const net = network();
  const late: string[] = [];
  const dialled = dial(["a", "b"], { connect: net.connect, clock, discard: (connection) => late.push(connection) });
  clock.advance(250);
  await settled();
  net.on("b").connect("b!");
  net.on("a").connect("a!");
  expect(await dialled).toBe("b!");
  await settled();
  expect(late).toEqual(["a!"]);
});

test("a signal ends the race: before it, and in its midst", async () => {
  const clock = new HeldClock();
  const net = network();
  await expect(dial(["a"], { connect: net.connect, clock, signal: AbortSignal.abort() })).rejects.toThrow("given up");
  expect(net.started).toEqual([]);
  const stop = new AbortController();
  const dialled = dial(["a", "b"], { connect: net.connect, clock, signal: stop.signal });
  stop.abort();
  await expect(dialled).rejects.toThrow("given up");
  expect(net.aborted).toEqual(["a"]);
  expect(clock.pending).toBe(0);
});

test("no candidate, or a connect that throws, is a failure like any other", async () => {
  const clock = new HeldClock();
  await expect(dial([], { connect: network().connect, clock })).rejects.toThrow("no address");
  const thrower = () => {
    throw new Error("bad address");
  };
  await expect(dial(["a", "b"], { connect: thrower, clock })).rejects.toThrow("bad address");
});
