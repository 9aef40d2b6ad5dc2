// The door for a client's stanzas: how much of what it sent may be unsafe at one time.
import { expect, test } from "@jest/globals";
import { Handled } from "../../xmpp/management/handled.ts";
import { NS_CLIENT } from "../../xmpp/xml/namespaces.ts";
import { RawElement } from "../../xmpp/xml/raw-element.ts";
import type { C2sSession } from "../c2s/session.ts";
import { acceptFromClient } from "./ingress.ts";

test("a client whose stanzas do not become safe loses its session once too much waits: it cannot be held, or it could not acknowledge", () => {
  const handled = new Handled(() => {});
  const raw = new RawElement("message", NS_CLIENT, [], "/>", [], true, undefined, "");
  for (let i = 0; i < 10_000; i++) handled.take(raw);
  const ended: string[] = [];
  const session = { sm: { handled }, end: (condition: string) => ended.push(condition) } as unknown as C2sSession;
  acceptFromClient(session, raw, undefined);
  expect(ended).toEqual(["resource-constraint"]);
  expect(handled.taken).toBe(10_000);
});
