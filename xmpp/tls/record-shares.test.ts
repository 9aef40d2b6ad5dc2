// Records that are told to wait, and those without content: in order, in bytes of their own, and not without end.
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { changedKeys, record } from "../../test/tls/hostile-client.ts";
import { ALERTS, RecordFault } from "./alert.ts";
import { ALERT, APPLICATION_DATA } from "./protection.ts";
import { MOST_IDLE, RecordLayer } from "./record-layer.ts";
import { type Suite, suiteOf } from "./suites.ts";
import { TrafficKeys } from "./traffic-keys.ts";

const suite = suiteOf("TLS_AES_128_GCM_SHA256") as Suite;
const unexpected = new RecordFault("unexpected_message");

/** Events of who goes on, and hears nothing. */
const always = { opened: () => {}, content: () => {}, peerUpdatedKeys: () => {}, goesOn: () => true };

/** A layer of ours, the keys of its peer, and what it tells. */
function connected() {
  const [theirs, ours] = [Buffer.alloc(suite.hashBytes, 1), Buffer.alloc(suite.hashBytes, 2)];
  const told: string[] = [];
  const layer = new RecordLayer(new TrafficKeys(suite, theirs), new TrafficKeys(suite, ours));
  const events = { ...always, content: (bytes: Buffer) => void told.push(bytes.toString()) };
  const receive = (...chunks: Buffer[]) => chunks.map((chunk) => layer.receive(chunk, events)).includes(true);
  return { layer, told, receive, peer: { sending: new TrafficKeys(suite, theirs) } };
}

test("what is told to wait is opened later, in order, however often and whatever comes meanwhile", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(4), { maxLength: 30 }), fc.nat(900), (shares, cut) => {
      const { layer, peer } = connected();
      const contents = Array.from({ length: 20 }, (_, index) => `content ${index}`);
      const bytes = Buffer.concat(contents.map((each) => record(peer.sending, each)));
      const told: string[] = [];
      let left = 0;
      const events = {
        ...always,
        opened: () => {
          left -= 1;
        },
        content: (content: Buffer) => void told.push(content.toString()),
        goesOn: () => left > 0,
      };
      const read = (share: number, chunk = Buffer.alloc(0)) => {
        left = share;
        const before = told.length;
        layer.receive(chunk, events);
        expect(told.length - before).toBeLessThanOrEqual(share);
      };
      const half = Math.min(cut, bytes.length);
      shares.forEach((share, index) => void read(share, index === 0 ? bytes.subarray(0, half) : undefined));
      read(1, shares.length === 0 ? bytes : bytes.subarray(half));
      read(100);
      expect([told, layer.waiting]).toEqual([contents, false]);
    }),
    { numRuns: 60 },
  );
});

test("what waits is kept in bytes of its own, and so is half a record behind it", () => {
  const { layer, peer, told, receive } = connected();
  const one = [record(peer.sending, "one"), record(peer.sending, "two"), record(peer.sending, "three")];
  const bytes = Buffer.concat(one);
  const chunk = bytes.subarray(0, -1);
  layer.receive(chunk, { ...always, goesOn: () => false });
  chunk.fill(0);
  expect(layer.waiting).toBe(true);
  receive(Buffer.alloc(0), bytes.subarray(-1));
  expect([told, layer.waiting]).toEqual([["one", "two", "three"], false]);
});

describe("records without content come to an end", () => {
  const kinds: [string, (keys: TrafficKeys) => Buffer][] = [
    ["empty ones", (keys) => record(keys, Buffer.alloc(0))],
    ["padding alone", (keys) => record(keys, Buffer.alloc(0), APPLICATION_DATA, 100)],
    ["changes of keys", (keys) => changedKeys(keys)],
  ];
  test.each(kinds)("%s: so many in a row, however they come", (_what, make) => {
    const { peer, receive, told } = connected();
    for (let times = 0; times < 3; times += 1)
      receive(...Array.from({ length: MOST_IDLE }, () => make(peer.sending)), record(peer.sending, "x"));
    expect(told).toEqual(["x", "x", "x"]);
    receive(...Array.from({ length: MOST_IDLE }, () => make(peer.sending)));
    expect(() => receive(make(peer.sending))).toThrow(unexpected);
  });

  test("they are counted together", () => {
    const { peer, receive } = connected();
    for (let times = 0; times < MOST_IDLE / 2; times += 1) receive(record(peer.sending, ""), changedKeys(peer.sending));
    expect(() => receive(record(peer.sending, ""))).toThrow(unexpected);
  });

  test("user_canceled comes once", () => {
    const { peer, receive } = connected();
    const canceled = () => record(peer.sending, Buffer.from([1, ALERTS.user_canceled]), ALERT);
    receive(canceled(), record(peer.sending, "x"));
    expect(() => receive(canceled())).toThrow(unexpected);
  });
});
