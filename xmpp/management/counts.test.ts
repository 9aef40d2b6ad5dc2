// Both sides' counts of one stream, against XEP-0198's arithmetic: whatever happens, nothing acknowledged is lost and nothing comes twice.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Safety } from "../stanza/safety.ts";
import { Stanza } from "../stanza/stanza.ts";
import { NS_CLIENT } from "../xml/namespaces.ts";
import { RawElement } from "../xml/raw-element.ts";
import { ahead } from "./count.ts";
import { Handled } from "./handled.ts";
import { Sent } from "./sent.ts";

/** Where the counts begin: near their end, so that they wrap. */
const START = 2 ** 32 - 5;

interface Numbered {
  readonly stanza: Stanza;
  readonly number: number;
}

/** A stanza that is not safe yet. */
interface Pending {
  readonly number: number;
  readonly safety: Safety;
}

type OnTheWay = { readonly number: number } | { readonly h: number };

/** One of the two: what it sent, what it took, and what of that its store has. */
class Side {
  sent = new Sent<Numbered>(START);
  handled = new Handled(() => {}, START);
  next = 0;
  /** Under way to the other side; lost where the stream breaks. */
  way: OnTheWay[] = [];
  /** Taken and not safe yet: by which number and whose safety. */
  pending: Pending[] = [];
  /** What was delivered here, in order of arrival. */
  delivered: number[] = [];
  /** Numbers that the other side acknowledged. */
  acknowledged = 0;
  lastHeard = START;
}

/** The stream between the two. */
class Model {
  readonly sides = [new Side(), new Side()] as const;
  up = true;
}

function rawOf(number: number): RawElement {
  // Every second one has no id, and every third is as long as others are: only its content tells it.
  const id = number % 2 === 0 ? ["id", `s${number}`] : [];
  const body = number % 3 === 0 ? "x".repeat(3_000) + number : String(number);
  const children = [{ name: "body", xmlns: NS_CLIENT }];
  return new RawElement("message", NS_CLIENT, id, `><body>${body}</body></message>`, children, true, undefined, "");
}

function send(side: Side, up: boolean): void {
  const number = side.next++;
  side.sent.push({ stanza: Stanza.fromRaw(rawOf(number), undefined, undefined), number });
  if (up) side.way.push({ number });
}

/** Takes a stanza as every door does. */
function take(side: Side, number: number): void {
  if (side.handled.again(rawOf(number)) !== undefined) return;
  const taken = side.handled.take(rawOf(number));
  side.delivered.push(number);
  side.pending.push({ number, safety: taken.safety });
}

function acknowledge(side: Side, h: number): void {
  // XEP-0198 §4: never less than before, never more than was sent.
  expect(ahead(h, side.lastHeard)).toBeLessThanOrEqual(side.next);
  const gone = side.sent.acknowledge(h);
  expect(gone).toBeDefined();
  side.lastHeard = h;
  side.acknowledged += gone?.length ?? 0;
}

function arrive(from: Side, to: Side): void {
  const first = from.way.shift();
  if (first === undefined) return;
  if ("h" in first) acknowledge(to, first.h);
  else take(to, first.number);
}

/** One that was taken is safe. */
function store(side: Side, at: number): void {
  side.pending.splice(at, 1)[0]?.safety.release("acknowledged");
}

/** What a resumed stream begins with: the count that was told, then all beyond it. */
function sendAgain(side: Side): void {
  side.way = side.sent.list().map(({ number }) => ({ number }));
}

const commands = {
  send: (model: Model, i: number) => send(model.sides[i % 2] as Side, model.up),
  arrive: (model: Model, i: number) => {
    const [one, other] = i % 2 === 0 ? model.sides : [model.sides[1], model.sides[0]];
    if (model.up) arrive(one, other);
  },
  ack: (model: Model, i: number) => {
    const side = model.sides[i % 2] as Side;
    if (model.up) side.way.push({ h: side.handled.h });
  },
  /** The store takes one; while none of these come it stalls. */
  store: (model: Model, i: number) => {
    const side = model.sides[i % 2] as Side;
    const at = (i >> 1) % Math.max(1, side.pending.length);
    store(side, at);
  },
  cut: (model: Model) => {
    model.up = false;
    for (const side of model.sides) side.way = [];
  },
  resume: (model: Model) => {
    commands.cut(model);
    const [one, other] = model.sides;
    acknowledge(other, one.handled.resume());
    acknowledge(one, other.handled.resume());
    model.up = true;
    for (const side of model.sides) sendAgain(side);
  },
  /** The one that was asked answers, and its answer is lost: only the other way was agreed upon. */
  halfResume: (model: Model) => {
    commands.cut(model);
    const [one, other] = model.sides;
    acknowledge(other, one.handled.resume());
    other.handled.resume();
  },
  /** Another node goes on with the second side; what the first one took and is not safe stays there, and is told of. */
  handOver: (model: Model) => {
    commands.cut(model);
    const side = model.sides[1];
    const given = side.handled.resume();
    // In a cluster a frame of the bus tells that one is safe.
    const unsafe = side.handled.unsafe().map(({ print, taken: { safety } }) => {
      return { print, keep: undefined, whenSafe: (safe: () => void) => safety.onceDone(safe) };
    });
    side.handled = new Handled(() => {}, given, unsafe);
    // The session's own stream comes to the other node in order to be resumed.
    commands.resume(model);
  },
  /** The second side's node dies with all that no store has: a new session begins, and what was not acknowledged comes anew. */
  kill: (model: Model) => {
    commands.cut(model);
    const [one, other] = model.sides;
    for (const { number } of other.pending) other.delivered.splice(other.delivered.lastIndexOf(number), 1);
    other.pending = [];
    const again = one.sent.drain();
    for (const side of model.sides) {
      side.sent = new Sent(START);
      side.handled = new Handled(() => {}, START);
      side.lastHeard = START;
    }
    // What the dead one sent and held in memory alone is gone with it; its own senders have it still.
    other.next = other.acknowledged;
    one.delivered = one.delivered.filter((number) => number < other.next);
    one.pending = [];
    model.up = true;
    for (const entry of again) {
      one.sent.push(entry);
      one.way.push({ number: entry.number });
    }
  },
};

type Name = keyof typeof commands;

const step = fc.record({
  name: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom<Name>("send", "arrive", "arrive", "ack", "store") },
    { weight: 1, arbitrary: fc.constantFrom<Name>("cut", "resume", "halfResume", "handOver") },
  ),
  i: fc.nat(20),
});

/** Everything arrives, is stored and acknowledged. */
function settle(model: Model): void {
  commands.resume(model);
  const [one, other] = model.sides;
  while (one.way.length > 0) arrive(one, other);
  while (other.way.length > 0) arrive(other, one);
  for (const side of model.sides) while (side.pending.length > 0) store(side, 0);
  for (let i = 0; i < 2; i++) commands.ack(model, i);
  arrive(one, other);
  arrive(other, one);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function run(steps: readonly { readonly name: Name; readonly i: number }[], model = new Model()): Model {
  for (const { name, i } of steps) commands[name](model, i);
  return model;
}

test("whatever breaks and however long a store stalls, every stanza comes once, in order, and is acknowledged", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const model = run(steps);
      settle(model);
      const [one, other] = model.sides;
      expect(other.delivered).toEqual(upTo(one.next));
      expect(one.delivered).toEqual(upTo(other.next));
      expect([one.sent.length, other.sent.length]).toEqual([0, 0]);
    }),
    { numRuns: 200 },
  );
});

test("a node that dies takes nothing with it that was acknowledged; what was not, comes again", () => {
  const steps = fc.array(step, { maxLength: 40, size: "max" });
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      const model = run(before);
      const { acknowledged } = model.sides[0];
      commands.kill(model);
      const stored = new Set(model.sides[1].delivered);
      for (const number of upTo(acknowledged)) expect(stored).toContain(number);
      run(after, model);
      settle(model);
      expect([...new Set(model.sides[1].delivered)].sort((a, b) => a - b)).toEqual(upTo(model.sides[0].next));
    }),
    { numRuns: 200 },
  );
});
