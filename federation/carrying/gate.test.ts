// The door for a peer's stanzas: no more is read than may be unsafe at one time.
import { expect, test } from "@jest/globals";
import type { Safety } from "../../xmpp/stanza/safety.ts";
import type { Stanza } from "../../xmpp/stanza/stanza.ts";
import type { XmppStream } from "../../xmpp/stream/stream.ts";
import type { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { FederationContext } from "../way/context.ts";
import { Gate } from "./gate.ts";

const attributes = ["from", "juliet@capulet.test", "to", "romeo@verona.test"];
const message = {
  name: "message",
  xmlns: "jabber:server",
  attributes,
  tail: "/>",
  children: [],
  verbatim: true,
  prefix: "",
  attr: (name: string) => (attributes.includes(name) ? attributes[attributes.indexOf(name) + 1] : undefined),
} as unknown as RawElement;

test("a peer whose stanzas do not become safe is read no further, until they do", async () => {
  const held: Safety[] = [];
  const context = {
    config: { stanzasPerSecond: 1_000_000, stanzaBytes: 10_000 },
    clock: { now: () => 0 },
    metrics: { stanzas: { server: { in: { message: 0 } } } },
    counts: { of: () => ({ in: 0 }) },
    trace: { active: false },
    inbound: { deliver: ({ safety }: Stanza) => void held.push((safety as Safety).hold()) },
  } as unknown as FederationContext;
  const proven = { any: true, has: () => true, localOf: () => "verona.test" };
  const gate = new Gate(context, {} as XmppStream, proven);
  gate.manage();
  let done = gate.accept(message);
  while (done === undefined) done = gate.accept(message);
  expect(held).toHaveLength(10_000);
  held[0]?.release("stored");
  await done;
  expect(gate.handled).toBe(1);
  expect(gate.accept(message)).toBeInstanceOf(Promise);
  for (const safety of held.splice(1)) safety.release("stored");
  expect(gate.accept(message)).toBeUndefined();
});

test("an error on a one-way stream is of a domain the stream proves, to one of ours, whatever it answers", () => {
  const [delivered, asked]: [Stanza[], string[]] = [[], []];
  let faulty = 0;
  const context = {
    config: { stanzasPerSecond: 1_000_000, stanzaBytes: 10_000 },
    clock: { now: () => 0 },
    metrics: { stanzas: { server: { in: { message: 0, iq: 0 } } } },
    counts: {
      yet: () => ({
        set faulty(_: number) {
          faulty++;
        },
      }),
    },
    pings: { take: ({ name }: RawElement) => asked.push(name) > 0 },
    trace: { active: false },
    inbound: { serves: (domain: string) => domain === "verona.test", deliver: (s: Stanza) => void delivered.push(s) },
  } as unknown as FederationContext;
  // The second pair as it would be, had the domain been ours once.
  const pairs = ["capulet.test verona.test", "capulet.test old.test"];
  const proven = {
    any: false,
    has: (remote: string, local: string) => pairs.includes(`${remote} ${local}`),
    localOf: () => undefined,
  };
  const gate = new Gate(context, {} as XmppStream, proven);
  const error = (name: string, from: string, to: string) => {
    const list = ["from", from, "to", to, "type", "error", "id", "m1"];
    return {
      ...message,
      name,
      attributes: list,
      attr: (key: string) => list[list.indexOf(key) + 1],
    } as unknown as RawElement;
  };
  const strangers = [
    ["mercutio@bank.test/office", "romeo@verona.test/orchard"],
    ["juliet@verona.test/balcony", "romeo@verona.test/orchard"],
    ["juliet@capulet.test", "teller@bank.test"],
    ["juliet@capulet.test", "romeo@old.test"],
  ] as const;
  for (const [from, to] of strangers)
    for (const name of ["message", "iq"]) void gate.bounced(error(name, from, to), () => true);
  expect([delivered, asked, faulty]).toEqual([[], [], 8]);
  void gate.bounced(error("message", "juliet@capulet.test", "romeo@verona.test/orchard"), () => false);
  expect([delivered, faulty]).toEqual([[], 9]);
  void gate.bounced(error("iq", "capulet.test", "verona.test"), () => true);
  void gate.bounced(error("message", "juliet@capulet.test", "romeo@verona.test/orchard"), () => true);
  expect([delivered.map(({ from }) => from?.full), asked]).toEqual([["juliet@capulet.test"], ["iq"]]);
});
