// Every feature that a peer may negotiate with us has somebody who takes its elements.
import { expect, test } from "@jest/globals";
import { handlerOf } from "../../xmpp/negotiation/receiving.ts";
import { S2S_FEATURES } from "../negotiation/table.ts";
import { HANDLED } from "./features.ts";

test.each(S2S_FEATURES.filter(({ informs }) => informs !== true))("$name", ({ xmlns = "" }) => {
  expect(handlerOf(HANDLED, xmlns)).toBeDefined();
});

test("nobody takes elements of what is in no table", () => {
  const known = new Set(S2S_FEATURES.map(({ xmlns }) => xmlns));
  expect(HANDLED.filter(({ xmlns }) => !known.has(xmlns))).toEqual([]);
});
