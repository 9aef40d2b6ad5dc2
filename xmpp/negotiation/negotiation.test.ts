// Negotiation by a table: what stands alone, what is asked first, what follows a refusal and a restart.
import { describe, expect, test } from "@jest/globals";
import { Element } from "ltx";
import type { RawElement } from "../xml/raw-element.ts";
import type { Initiating, OfferedFeature, RequestedFeature } from "./feature.ts";
import { offered } from "./feature.ts";
import { negotiate } from "./initiating.ts";
import { handlerOf, offeredText } from "./receiving.ts";

describe("the receiving entity", () => {
  interface Seen {
    readonly authenticated: boolean;
    readonly encrypted: boolean;
    readonly required: boolean;
  }
  const table: readonly OfferedFeature<Seen>[] = [
    {
      name: "tls",
      advertise: ({ encrypted }) => (encrypted ? undefined : "<tls/>"),
      mandatory: ({ required }) => required,
    },
    { name: "sasl", phase: "before authentication", advertise: () => "<sasl/>" },
    { name: "bind", phase: "after authentication", advertise: () => "<bind/>" },
    { name: "limits", informs: true, advertise: () => "<limits/>" },
  ];

  test.each([
    // RFC 6120 §5.3.1: nothing to be negotiated beside mandatory TLS.
    [{ authenticated: false, encrypted: false, required: true }, "<tls/><limits/>"],
    [{ authenticated: false, encrypted: false, required: false }, "<tls/><sasl/><limits/>"],
    // What is not offered is no longer mandatory.
    [{ authenticated: false, encrypted: true, required: true }, "<sasl/><limits/>"],
    [{ authenticated: true, encrypted: true, required: true }, "<bind/><limits/>"],
  ])("offers in the table's order what fits the stream %j", (seen, text) => {
    expect(offeredText(table, seen)).toBe(text);
  });

  test("whose namespace it is takes an element, where it takes any", () => {
    const silent = { name: "a", xmlns: "urn:a" };
    const taking = { name: "b", xmlns: "urn:b", handle: () => {} };
    expect(handlerOf([silent, taking], "urn:b")).toBe(taking);
    expect(handlerOf([silent, taking], "urn:a")).toBeUndefined();
  });
});

/** A peer that offers `features` and says `answers`, stream by stream. */
class Peer implements Initiating {
  readonly said: string[] = [];
  features: Element | undefined;
  private readonly offers: readonly string[][];
  private readonly answers: string[];
  private streams = 0;

  constructor(offers: readonly string[][], answers: readonly string[]) {
    this.offers = offers;
    this.answers = [...answers];
    this.begin();
  }

  send(text: string): void {
    this.said.push(text);
  }

  async nextElement(): Promise<RawElement> {
    const name = this.answers.shift();
    if (name === undefined) throw new Error("the stream ended");
    return { name } as unknown as RawElement;
  }

  async open(): Promise<void> {
    this.said.push("header");
    this.begin();
  }

  private begin(): void {
    this.features = new Element("features");
    for (const name of this.offers[this.streams++] ?? []) this.features.c(name, { xmlns: "urn:test" });
  }
}

describe("the initiating entity", () => {
  const feature = (name: string, more: Partial<RequestedFeature<Peer>> = {}): RequestedFeature<Peer> => ({
    name,
    wanted: (peer) => offered(peer, name, "urn:test") !== undefined,
    request: () => name,
    answer: (_peer, raw) => {
      if (raw.name === `${name} yes`) return "agreed";
      return raw.name === `${name} no` ? "refused" : undefined;
    },
    ...more,
  });
  const agreed: string[] = [];
  const unanswered: RequestedFeature<Peer> = {
    name: "bidi",
    wanted: (peer) => offered(peer, "bidi", "urn:test") !== undefined,
    request: () => "bidi",
    agreed: () => void agreed.push("bidi"),
  };
  const table = [
    feature("tls", { restarts: true }),
    feature("sasl", { restarts: true, agreed: () => void agreed.push("sasl") }),
    feature("dialback"),
    unanswered,
    { name: "limits" },
  ];

  test("takes what is offered in its order, each once, and begins the stream anew where it must", async () => {
    agreed.length = 0;
    const peer = new Peer([["tls"], ["sasl", "bidi"], ["sasl", "dialback"]], ["tls yes", "sasl yes", "dialback yes"]);
    await negotiate(table, peer);
    // Without an answer: first, and the next behind it at once.
    expect(peer.said).toEqual(["tls", "header", "bidi", "sasl", "header", "dialback"]);
    expect(agreed).toEqual(["bidi", "sasl"]);
  });

  test("a refusal leaves a feature out, and the next is tried on the same stream", async () => {
    const peer = new Peer([["sasl", "dialback"]], ["sasl no", "something else", "dialback yes"]);
    await negotiate(table, peer);
    expect(peer.said).toEqual(["sasl", "dialback"]);
  });

  test("what was sent ahead of its offer is not sent again, and its answer is read", async () => {
    agreed.length = 0;
    const ahead = feature("sasl", {
      wanted: () => true,
      request: () => undefined,
      agreed: () => void agreed.push("sasl"),
    });
    const peer = new Peer([[]], ["sasl yes"]);
    await negotiate([ahead], peer);
    expect(peer.said).toEqual([]);
    expect(agreed).toEqual(["sasl"]);
  });

  test("what a refusal makes hopeless ends negotiation, and so does the stream's end", async () => {
    const answer = () => {
      throw new Error("no TLS");
    };
    await expect(negotiate([feature("tls", { answer })], new Peer([["tls"]], ["tls no"]))).rejects.toThrow("no TLS");
    await expect(negotiate(table, new Peer([["tls"]], []))).rejects.toThrow("the stream ended");
  });

  test("where nothing is offered nothing is asked", async () => {
    const peer = new Peer([[]], []);
    await negotiate(table, peer);
    expect(peer.said).toEqual([]);
  });
});
