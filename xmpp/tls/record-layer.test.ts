// Records of TLS 1.3: the published traces, every split of the bytes, and peers that break the protocol.
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { record } from "../../test/tls/hostile-client.ts";
import { ALERTS, PeerAlert, RecordFault } from "./alert.ts";
import { ALERT, APPLICATION_DATA, HANDSHAKE, open } from "./protection.ts";
import { MOST_RECORDS, RecordLayer } from "./record-layer.ts";
import { type Suite, suiteOf } from "./suites.ts";
import { TrafficKeys } from "./traffic-keys.ts";

const NAMES = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];
const suite = suiteOf("TLS_AES_128_GCM_SHA256") as Suite;
const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ""), "hex");

/** The simple handshake of RFC 8448 §3. */
const TRACE = {
  client: hex("9e40646ce79a7f9dc05af8889bce6552 875afa0b06df0087f792ebb7c17504a5"),
  server: hex("a11af9f05531f856ad47116b45a95032 8204b4f44bfb6b3a4b4f1f3fcb631643"),
  content: Buffer.from(Array.from({ length: 50 }, (_, index) => index)),
  clientContent:
    hex(`1703030043 a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62
    974e1f5a6292a2977014bd1e3deae63aeebb21694915e4`),
  serverContent:
    hex(`1703030043 2e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8fc
    c49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d`),
  clientAlert: hex("1703030013 c9872760655666b74d7ff1153efd6db6d0b0e3"),
  serverAlert: hex("1703030013 b58fd67166ebf599d24720cfbe7efa7a8864a9"),
};

/** Events of who goes on, and hears nothing. */
const always = { opened: () => {}, content: () => {}, peerUpdatedKeys: () => {}, goesOn: () => true };

/** A layer of ours, the keys of its peer, and what it tells. */
function connected(name = NAMES[0] as string) {
  const used = suiteOf(name) as Suite;
  const [theirs, ours] = [Buffer.alloc(used.hashBytes, 1), Buffer.alloc(used.hashBytes, 2)];
  const told: string[] = [];
  let updates = 0;
  const layer = new RecordLayer(new TrafficKeys(used, theirs), new TrafficKeys(used, ours));
  const events = {
    ...always,
    content: (bytes: Buffer) => void told.push(bytes.toString()),
    peerUpdatedKeys: () => {
      updates += 1;
    },
  };
  return {
    layer,
    told,
    peer: { sending: new TrafficKeys(used, theirs), receiving: new TrafficKeys(used, ours) },
    updates: () => updates,
    receive: (...chunks: Buffer[]) => chunks.map((chunk) => layer.receive(chunk, events)).includes(true),
  };
}

/** Every record in `bytes`, opened. */
function openAll(keys: TrafficKeys, bytes: Buffer) {
  const opened: { type: number; content: Buffer }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 5 + bytes.readUInt16BE(at + 3);
    opened.push(open(keys, bytes, at, end));
    at = end;
  }
  return opened;
}

const alertOf = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    if (error instanceof RecordFault) return error.alert;
    throw error;
  }
  return undefined;
};
const text = (content: string) => Buffer.from(content);
const keyUpdate = (asked: number) => Buffer.from([24, 0, 0, 1, asked]);

describe("RFC 8448 §3", () => {
  test("the client's records are opened, and their end is one", () => {
    const layer = new RecordLayer(new TrafficKeys(suite, TRACE.client), new TrafficKeys(suite, TRACE.server, 1));
    const contents: Buffer[] = [];
    const events = { ...always, content: (bytes: Buffer) => void contents.push(bytes) };
    expect(layer.receive(TRACE.clientContent, events)).toBe(false);
    expect(layer.receive(TRACE.clientAlert, events)).toBe(true);
    expect(contents).toEqual([TRACE.content]);
  });

  test("the server's records, behind its one ticket, are those of the trace", () => {
    const layer = new RecordLayer(new TrafficKeys(suite, TRACE.client), new TrafficKeys(suite, TRACE.server, 1));
    expect(layer.seal(TRACE.content.toString("latin1"))).toEqual(TRACE.serverContent);
    expect(layer.alert("close_notify")).toEqual(TRACE.serverAlert);
  });
});

describe.each(NAMES)("%s", (name) => {
  test("whatever was written is read, however the bytes are split", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 8 });
    const cuts = fc.array(fc.nat(2000), { maxLength: 12 });
    fc.assert(
      fc.property(sizes, cuts, fc.nat(40), (lengths, cut, padding) => {
        const { peer, told, receive } = connected(name);
        const contents = lengths.map((length, index) => String(index % 10).repeat(length));
        const bytes = Buffer.concat(
          contents.map((each) => record(peer.sending, text(each), APPLICATION_DATA, padding)),
        );
        const at = [...new Set([0, ...cut.filter((each) => each < bytes.length), bytes.length])].sort((a, b) => a - b);
        receive(...at.slice(1).map((end, index) => bytes.subarray(at[index], end)));
        expect(told).toEqual(contents.filter((each) => each !== ""));
      }),
      { numRuns: 60 },
    );
  });

  test("text of any length and kind leaves in records that a peer reads", () => {
    const { layer, peer } = connected(name);
    for (const each of [
      "",
      "a",
      "é€😀",
      "x".repeat(16_384),
      "€".repeat(5_461),
      "€".repeat(40_000),
      "z".repeat(70_001),
    ]) {
      const opened = openAll(peer.receiving, layer.seal(each));
      expect(Buffer.concat(opened.map(({ content }) => content)).toString()).toBe(each);
      expect(Math.max(...opened.map(({ content }) => content.length))).toBeLessThanOrEqual(16_384);
    }
  });

  test("keys are changed by either side, and by both", () => {
    const { layer, peer, told, receive, updates } = connected(name);
    receive(record(peer.sending, text("before")), record(peer.sending, keyUpdate(0), HANDSHAKE));
    peer.sending.update();
    receive(record(peer.sending, text("after")));
    expect(openAll(peer.receiving, layer.seal("not asked")).map(({ type }) => type)).toEqual([APPLICATION_DATA]);
    for (let times = 0; times < 3; times += 1) {
      receive(record(peer.sending, keyUpdate(1), HANDSHAKE));
      peer.sending.update();
    }
    receive(record(peer.sending, text("asked")));
    // Asked three times and answered once, before the next content. RFC 8446 §4.6.3.
    const answer = layer.seal("answer");
    expect(open(peer.receiving, answer, 0, 27)).toEqual({ type: HANDSHAKE, content: keyUpdate(0) });
    peer.receiving.update();
    expect(openAll(peer.receiving, answer.subarray(27))).toEqual([{ type: APPLICATION_DATA, content: text("answer") }]);
    expect([told, updates()]).toEqual([["before", "after", "asked"], 4]);
  });
});

describe("a peer that breaks the protocol", () => {
  const breaking: [string, string, (keys: TrafficKeys) => Buffer][] = [
    ["what is in clear", "unexpected_message", () => Buffer.from([22, 3, 3, 0, 1, 0])],
    ["an alert in clear", "unexpected_message", () => Buffer.from([21, 3, 3, 0, 2, 1, 0])],
    ["a change_cipher_spec", "unexpected_message", () => Buffer.from([20, 3, 3, 0, 1, 1])],
    ["a header of too long a record", "record_overflow", () => Buffer.from([23, 3, 3, 0x41, 0x01])],
    ["a record too short for a tag", "bad_record_mac", () => Buffer.from([23, 3, 3, 0, 16, ...Buffer.alloc(16)])],
    ["an empty record", "bad_record_mac", () => Buffer.from([23, 3, 3, 0, 0])],
    ["a record of zeros alone", "unexpected_message", (keys) => record(keys, Buffer.alloc(0), 0, 8)],
    ["an unknown type", "unexpected_message", (keys) => record(keys, text("x"), 24)],
    ["a change_cipher_spec within", "unexpected_message", (keys) => record(keys, Buffer.from([1]), 20)],
    ["an empty message", "unexpected_message", (keys) => record(keys, Buffer.alloc(0), HANDSHAKE)],
    ["an empty alert", "unexpected_message", (keys) => record(keys, Buffer.alloc(0), ALERT)],
    ["half an alert", "decode_error", (keys) => record(keys, Buffer.from([1]), ALERT)],
    ["two alerts in one", "decode_error", (keys) => record(keys, Buffer.from([1, 0, 1, 0]), ALERT)],
    ["a client's certificate", "unexpected_message", (keys) => record(keys, Buffer.from([11, 0, 0, 0]), HANDSHAKE)],
    ["a ticket", "unexpected_message", (keys) => record(keys, Buffer.from([4, 0, 0, 1, 0]), HANDSHAKE)],
    ["a key update of no length", "decode_error", (keys) => record(keys, Buffer.from([24, 0, 0, 0, 0]), HANDSHAKE)],
    ["a key update of its own kind", "illegal_parameter", (keys) => record(keys, keyUpdate(2), HANDSHAKE)],
    [
      "a message behind a key update",
      "unexpected_message",
      (keys) => record(keys, Buffer.concat([keyUpdate(0), keyUpdate(0)]), HANDSHAKE),
    ],
    [
      "content within a key update",
      "unexpected_message",
      (keys) => Buffer.concat([record(keys, keyUpdate(0).subarray(0, 2), HANDSHAKE), record(keys, text("x"))]),
    ],
    [
      "an alert within a key update",
      "unexpected_message",
      (keys) => Buffer.concat([record(keys, keyUpdate(0).subarray(0, 2), HANDSHAKE), record(keys, text("  "), ALERT)]),
    ],
    [
      "a record left out",
      "bad_record_mac",
      (keys) => {
        record(keys, text("lost"));
        return record(keys, text("x"));
      },
    ],
    [
      "a record twice",
      "bad_record_mac",
      (keys) => {
        const one = record(keys, text("x"));
        return Buffer.concat([one, one]);
      },
    ],
    [
      "old keys after new ones were told",
      "bad_record_mac",
      (keys) => Buffer.concat([record(keys, keyUpdate(0), HANDSHAKE), record(keys, text("x"))]),
    ],
  ];
  test.each(breaking)("%s: %s", (_what, alert, bytes) => {
    const { peer, receive } = connected();
    expect(alertOf(() => receive(bytes(peer.sending)))).toBe(alert);
  });

  test("content beyond 2^14 bytes, or padding that fills more, overflows", () => {
    for (const [length, padding, alert] of [
      [16_384, 0, undefined],
      [16_385, 0, "record_overflow"],
      [16_380, 4, undefined],
      [16_380, 5, "record_overflow"],
    ] as const) {
      const { peer, receive } = connected();
      const plain = Buffer.concat([Buffer.alloc(length, 97), Buffer.from([APPLICATION_DATA]), Buffer.alloc(padding)]);
      const header = Buffer.from([23, 3, 3, (plain.length + 16) >> 8, (plain.length + 16) & 0xff]);
      const cipher = peer.sending.encipher();
      cipher.setAAD(header, { plaintextLength: plain.length });
      const body = cipher.update(plain);
      cipher.final();
      expect(alertOf(() => receive(Buffer.concat([header, body, cipher.getAuthTag()])))).toBe(alert);
    }
  });

  test("one bit that is not as it was sent, anywhere, is never read", () => {
    fc.assert(
      fc.property(fc.nat(25 * 8 - 1), (bit) => {
        const { peer, told, receive } = connected();
        const bytes = record(peer.sending, text("abc"));
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
        // A length that grew waits for more, which is nothing to read either.
        expect([undefined, "bad_record_mac", "unexpected_message", "record_overflow"]).toContain(
          alertOf(() => receive(bytes)),
        );
        expect(told).toEqual([]);
      }),
    );
  });

  test("each alert but two ends it, whatever its level", () => {
    for (const code of [10, 20, 40, 80, 255]) {
      const { peer, receive } = connected();
      expect(() => receive(record(peer.sending, Buffer.from([1, code]), ALERT))).toThrow(PeerAlert);
    }
    const { peer, receive, told } = connected();
    expect(receive(record(peer.sending, Buffer.from([1, ALERTS.user_canceled]), ALERT))).toBe(false);
    expect(receive(record(peer.sending, Buffer.from([1, 0]), ALERT), record(peer.sending, text("late")))).toBe(true);
    expect(told).toEqual(["late"]);
  });
});

test("a key update may come in pieces", () => {
  const { peer, told, receive, updates } = connected();
  for (const byte of keyUpdate(0)) receive(record(peer.sending, Buffer.from([byte]), HANDSHAKE));
  peer.sending.update();
  receive(record(peer.sending, text("after")));
  expect([told, updates()]).toEqual([["after"], 1]);
});

test("our own keys change long before AES-GCM's bound, and numbers are never used twice", () => {
  const secret = Buffer.alloc(32, 2);
  const layer = new RecordLayer(new TrafficKeys(suite, secret), new TrafficKeys(suite, secret, MOST_RECORDS));
  const peer = new TrafficKeys(suite, secret, MOST_RECORDS);
  const bytes = layer.seal("x");
  expect(open(peer, bytes, 0, 27)).toEqual({ type: HANDSHAKE, content: keyUpdate(0) });
  peer.update();
  expect(openAll(peer, bytes.subarray(27))).toEqual([{ type: APPLICATION_DATA, content: text("x") }]);
  expect(MOST_RECORDS).toBeLessThan(2 ** 24.5);
});
