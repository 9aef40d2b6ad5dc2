// A stanza that the other server cannot bear: it alone comes back, whatever was under way beside it goes on, in its order.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Jid } from "../../xmpp/jid/jid.ts";
import { Content } from "../../xmpp/stanza/content.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { Ground, type TestNode } from "./nodes.ts";

let ground: Ground;

beforeEach(async () => {
  ground = await Ground.lay();
});

afterEach(() => ground.clear());

/** A message whose text no parser takes: as one of whatever a peer refuses and we do not. */
function poison(a: TestNode, to: string, id: string): Stanza {
  const tail = "><body>&unheard-of;</body></message>";
  const children = [{ name: "body", xmlns: "jabber:client" }];
  return new Stanza(
    "message",
    Jid.parse(`x@${a.service}`),
    Jid.parse(to),
    new Content(id, "chat", undefined, "", tail, children),
  );
}

const TOTAL = 300;

test.each([
  ["one", [150]],
  ["the first and the last", [0, TOTAL - 1]],
  ["several, some side by side", [20, 21, 22, 100, 250]],
])(
  "%s among many: each comes back once, all others arrive and none of them comes back",
  async (_what, places) => {
    const a = await ground.node("a.test");
    const b = await ground.node("b.test");
    const to = `y@${b.service}`;
    const fine: string[] = [];
    for (let i = 0; i < TOTAL; i++)
      if (places.includes(i)) a.route(poison(a, to, `p${i}`));
      else {
        fine.push(String(i));
        a.send(to, String(i));
      }
    await b.until(() => new Set(b.bodies()).size === fine.length, "everything that can be borne", 25_000);
    await a.until(() => a.received.length >= places.length, "what cannot", 25_000);
    expect([...new Set(b.bodies())]).toEqual(fine);
    expect(a.bodies().sort()).toEqual(places.map((i) => `error p${i}`).sort());
    expect(a.received.map((stanza) => stanza.element().getChild("error")?.getChildElements()[0]?.getName())).toEqual(
      places.map(() => "policy-violation"),
    );
  },
  60_000,
);

test("a server that ends every stream on whatever it carries is left in peace, and nothing waits for ever", async () => {
  const a = await ground.node("a.test");
  const b = await ground.node("b.test");
  for (let i = 0; i < 20; i++) a.route(poison(a, `y@${b.service}`, `p${i}`));
  await a.until(() => a.received.length === 20, "all of it", 25_000);
  expect(new Set(a.bodies()).size).toBe(20);
  expect(a.federation.outgoingStatus()[0]?.lastError).toContain("ends every stream");
}, 60_000);
