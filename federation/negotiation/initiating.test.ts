// What a stream of ours asks its peer for, by what the peer offers and policy allows. RFC 6120 §4.3, XEP-0178, XEP-0288.
import { expect, test } from "@jest/globals";
import { type Element, parse } from "ltx";
import { negotiate } from "../../xmpp/negotiation/initiating.ts";
import { NS_DIALBACK, NS_DIALBACK_FEATURE, NS_SASL, NS_SM, NS_TLS } from "../../xmpp/xml/namespaces.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import { NS_BIDI_FEATURE } from "./bidi.ts";
import type { Opening } from "./opening.ts";
import { S2S_FEATURES } from "./table.ts";

const [LOCAL, REMOTE] = ["verona.test", "capulet.test"];
const TLS = `<starttls xmlns='${NS_TLS}'/>`;
const SASL = `<mechanisms xmlns='${NS_SASL}'><mechanism>PLAIN</mechanism><mechanism>EXTERNAL</mechanism></mechanisms>`;
const DIALBACK = `<dialback xmlns='${NS_DIALBACK_FEATURE}'/>`;
const BIDI = `<bidi xmlns='${NS_BIDI_FEATURE}'/>`;
const SM = `<sm xmlns='${NS_SM}'/>`;
const PROCEED = `<proceed xmlns='${NS_TLS}'/>`;
const SUCCESS = `<success xmlns='${NS_SASL}'/>`;
const REFUSED = `<failure xmlns='${NS_SASL}'><not-authorized/></failure>`;
const VALID = `<result xmlns='${NS_DIALBACK}' from='${REMOTE}' to='${LOCAL}' type='valid'/>`;

interface Scene {
  /** Features of one stream after the other. */
  readonly offers: readonly string[];
  readonly says?: readonly string[];
  readonly encrypted?: boolean;
  readonly policy?: object;
  readonly more?: Partial<Opening>;
  readonly certificate?: boolean;
}

/** What is asked for, in order; `header` where a stream begins anew. */
async function asked({ offers, says = [], encrypted = true, policy = {}, more = {}, certificate = true }: Scene) {
  const sent: string[] = [];
  const notes: string[] = [];
  const answers = says.map(rawOf);
  const streams = [...offers];
  const transport = {
    encrypted,
    startTls: async () => {
      transport.encrypted = true;
    },
  };
  const header = { id: "d1", version: "1.0", prefixes: new Map() };
  const featuresOf = (text = "") => parse(`<features>${text}</features>`);
  const opening = {
    way: {
      local: LOCAL,
      remote: REMOTE,
      policy: { rule: "the general settings", sendDialback: true, allowDialback: true, bidirectional: true, ...policy },
      context: {
        tlsContext: () => (certificate ? {} : undefined),
        config: { stanzaBytes: 10_000, idleSeconds: 60 },
        secrets: ["s"],
      },
      progress: { enter: () => {}, note: (event: string) => notes.push(event) },
    },
    stream: { transport, discard: () => {}, restart: () => {} },
    dialogue: { forget: () => {} },
    header,
    features: featuresOf(streams.shift()),
    method: undefined,
    bidi: false,
    skipExternal: false,
    send: (text: string) => sent.push(parse(text).getName()),
    nextElement: async () => answers.shift() ?? Promise.reject(new Error("the stream ended")),
    open: async () => {
      sent.push("header");
      opening.features = featuresOf(streams.shift());
    },
    ...more,
  };
  const stream = opening as unknown as Opening;
  await negotiate(S2S_FEATURES, stream);
  return { sent, notes, stream };
}

function rawOf(text: string): RawElement {
  const element: Element = parse(text);
  const attr = (name: string) => element.attrs[name] as string | undefined;
  return { name: element.getName(), xmlns: element.getNS(), attr, toElement: () => element } as unknown as RawElement;
}

test("TLS, then both ways and EXTERNAL without waiting, each on the stream that offers it", async () => {
  const offers = [TLS + DIALBACK, SASL + DIALBACK + BIDI, DIALBACK];
  const { sent, stream } = await asked({ offers, says: [PROCEED, SUCCESS], encrypted: false });
  expect(sent).toEqual(["starttls", "header", "bidi", "auth", "header"]);
  expect([stream.method, stream.bidi]).toEqual(["external", true]);
});

test("without a certificate of ours there is no TLS, which is told, and the key must do", async () => {
  const offers = [TLS + DIALBACK];
  const { sent, notes } = await asked({ offers, says: [VALID], encrypted: false, certificate: false });
  expect(sent).toEqual(["result"]);
  expect(notes).toContain("no TLS");
});

test("behind a refusal of EXTERNAL the key is tried on the same stream, where policy lets it be", async () => {
  const offers = [SASL + DIALBACK];
  const { sent, stream } = await asked({ offers, says: [REFUSED, VALID] });
  expect(sent).toEqual(["auth", "result"]);
  expect(stream.method).toBe("dialback");
  const strict = asked({ offers, says: [REFUSED, VALID], policy: { sendDialback: false } });
  await expect(strict).rejects.toThrow(`${REMOTE} refused SASL EXTERNAL: not-authorized`);
});

test("nothing is asked for that is not offered, or that policy forbids", async () => {
  expect((await asked({ offers: [""] })).sent).toEqual([]);
  expect((await asked({ offers: [SASL], encrypted: false })).sent).toEqual([]);
  expect((await asked({ offers: [DIALBACK], policy: { sendDialback: false } })).sent).toEqual([]);
  const one = await asked({ offers: [DIALBACK + BIDI], says: [VALID], policy: { bidirectional: false } });
  expect([one.sent, one.stream.bidi]).toEqual([["result"], false]);
  // The peer would be proven to us by DNS alone, which policy does not take.
  const unproven = await asked({ offers: [SASL + BIDI], says: [SUCCESS], policy: { allowDialback: false } });
  expect([unproven.sent, unproven.stream.bidi]).toEqual([["auth", "header"], false]);
});

test("what was sent ahead is not sent again", async () => {
  const ahead = { text: "", bidi: true, sm: true };
  const { sent, stream } = await asked({ offers: [""], says: [SUCCESS], more: { ahead } });
  expect(sent).toEqual(["header"]);
  expect([stream.method, stream.bidi]).toEqual(["external", true]);
});

test("a broken stream is asked for once we are proven; a peer that has forgotten it has the new one", async () => {
  const resume = { id: "old", recount: () => 3 };
  const offers = [SASL + SM, SM];
  const resumed = `<resumed xmlns='${NS_SM}' previd='old' h='5'/>`;
  const goesOn = await asked({ offers, says: [SUCCESS, resumed], more: { resume } });
  expect([goesOn.sent, goesOn.stream.resumed]).toEqual([["auth", "header", "resume"], 5]);
  const failed = `<failed xmlns='${NS_SM}'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`;
  const forgotten = await asked({ offers, says: [SUCCESS, failed], more: { resume } });
  expect([forgotten.sent, forgotten.stream.resumed]).toEqual([["auth", "header", "resume"], undefined]);
  // Nothing is taken up where stream management is not offered.
  expect((await asked({ offers: [SASL, ""], says: [SUCCESS], more: { resume } })).sent).toEqual(["auth", "header"]);
});
