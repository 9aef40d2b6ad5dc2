// The door for a peer's stanzas: no more is read than may be unsafe at one time.
import { expect, test } from "@jest/globals";
import type { RawElement, Safety, Stanza, XmppStream } from "../../server/index.ts";
import type { FederationContext } from "../context.ts";
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
