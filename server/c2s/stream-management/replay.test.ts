// What a resumed stream is sent once more: as much as its link takes, in order, and what came meanwhile behind it.
import { expect, test } from "@jest/globals";
import { Sent } from "../../../xmpp/management/sent.ts";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import type { C2sSession } from "../session.ts";
import type { Asking } from "./asking.ts";
import type { Lending } from "./lending.ts";
import { Replay, type ReplayParts } from "./replay.ts";
import { type Kept, keptOf } from "./unacked.ts";

/** Characters of a message, and of the room for what is sent again: four of them fit. */
const SIZE = 10_000;
const ROOM = 45_000;

/** A session whose kernel takes nothing by itself; `written` are the ids of what went to its stream. */
function resumed(count: number, fruitless?: number, size = SIZE) {
  const transport = { backlog: 0, flush() {} };
  const written: string[] = [];
  const stream = {
    transport,
    writable: true,
    /** What ends the stream where that is written. */
    ends: "",
    sendStanza({ id = "", size }: Stanza) {
      if (id === this.ends) this.writable = false;
      written.push(id);
      transport.backlog += size;
    },
  };
  const session = { connection: { stream }, waiting: false, host: { clock: { now: () => 0 } } };
  const unacked = new Sent<Kept>();
  const asked = { now: 0, later: 0 };
  const asking = { now: () => asked.now++, atTurnsEnd: () => asked.later++ } as unknown as Asking;
  const parts: ReplayParts = {
    session: session as unknown as C2sSession,
    settings: { resumeSeconds: 1, maxUnacked: 1_000, maxUnackedSize: 3 * ROOM, readerSize: 4 * ROOM },
    unacked,
    lending: { firstOpen: () => undefined } as unknown as Lending,
    asking,
    fruitless,
  };
  const push = (id: number) => {
    const body = "x".repeat(size - 50);
    unacked.push(keptOf(Stanza.fromText(`<message id='${id}' to='juliet@verona.test'><body>${body}</body></message>`)));
  };
  for (let id = 1; id <= count; id++) push(id);
  const replay = new Replay(parts);
  /** The client acknowledges so many, which its kernel has read. */
  const acknowledge = (taken: number) => {
    const gone = unacked.acknowledge((unacked.total - unacked.length + taken) >>> 0) ?? [];
    for (const { stanza } of gone) transport.backlog -= stanza.size;
    replay.acknowledged(gone.length);
  };
  return { replay, unacked, transport, stream, written, asked, push, acknowledge };
}

const ids = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);

test("as much is written as the link has room for, and more with each acknowledgement", () => {
  const { replay, written, acknowledge, push } = resumed(10);
  replay.begin();
  expect(written).toEqual(ids(1, 4));
  expect(replay.behind).toBe(true);
  push(11);
  expect(replay.holdsBack).toBe(true);
  acknowledge(1);
  expect(written).toEqual(ids(1, 5));
  acknowledge(4);
  expect(written).toEqual(ids(1, 9));
  acknowledge(2);
  expect(written).toEqual(ids(1, 11));
  expect(replay.holdsBack).toBe(false);
});

test("what the kernel took makes room as well, and nothing is written twice", () => {
  const { replay, written, transport, acknowledge } = resumed(10);
  replay.begin();
  transport.backlog = 0;
  replay.drained();
  expect(written).toEqual(ids(1, 8));
  transport.backlog = 0;
  // Of what went over earlier streams, so that it may be more than this one brought.
  acknowledge(8);
  expect(written).toEqual(ids(1, 10));
  replay.drained();
  acknowledge(2);
  expect(written).toEqual(ids(1, 10));
});

test("a stanza beyond the room goes where nothing waits before it", () => {
  const { replay, written, acknowledge } = resumed(3, undefined, 2 * ROOM);
  replay.begin();
  expect(written).toEqual(["1"]);
  acknowledge(1);
  acknowledge(1);
  expect(written).toEqual(["1", "2", "3"]);
});

test("where streams ended on what they brought, the first stands alone, and the rest goes as there is room", () => {
  const { replay, written, transport, acknowledge, asked } = resumed(10, 2);
  replay.begin();
  expect([written, replay.holdsBack, replay.behind]).toEqual([["1"], true, false]);
  transport.backlog = 0;
  replay.drained();
  expect(written).toEqual(["1"]);
  transport.backlog = SIZE;
  acknowledge(1);
  expect(written).toEqual(ids(1, 5));
  expect(asked.later).toBe(1);
});

test("a slow link is asked again and again", () => {
  const { replay, asked, transport } = resumed(40);
  Object.defineProperty(transport, "backlog", { get: () => 0, set: () => undefined });
  replay.begin();
  expect(asked.now).toBe(5);
});

test("a stream that ends on what it is sent is sent no more, and what was cut for its backlog counts for nothing", () => {
  const { replay, written, stream } = resumed(10);
  stream.ends = "2";
  replay.begin();
  expect(written).toEqual(["1", "2"]);
  replay.over();
  expect([replay.fruitlessStreams, replay.holdsBack]).toEqual([0, false]);
  stream.writable = true;
  replay.begin();
  replay.broke();
  expect([replay.fruitlessStreams, replay.holdsBack]).toEqual([1, false]);
});
