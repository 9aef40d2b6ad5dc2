// Pings between servers: answered on any stream, at any node, by whom they were asked.
import { expect, test } from "@jest/globals";
import { Jid } from "../../xmpp/jid/jid.ts";
import { Content } from "../../xmpp/stanza/content.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { Pings } from "./pings.ts";

function answer(from: string, to: string, id: string): Stanza {
  return new Stanza("iq", Jid.parse(from), Jid.parse(to), new Content(id, "result", undefined, "", "/>", []));
}

test("an answer that came to another node counts once, from whom was asked, to who asked", () => {
  const pings = new Pings(() => "random.tag");
  let answered = 0;
  const { text } = pings.ask("verona.test", "capulet.test", () => answered++);
  expect(text).toContain("id='s2s-random.tag'");
  expect(pings.takeElsewhere(answer("mallory.test", "verona.test", "s2s-random.tag"))).toBe(false);
  expect(pings.takeElsewhere(answer("capulet.test", "verona.example", "s2s-random.tag"))).toBe(false);
  expect(pings.takeElsewhere(answer("capulet.test", "verona.test", "s2s-other.tag"))).toBe(false);
  expect(answered).toBe(0);
  expect(pings.takeElsewhere(answer("capulet.test", "verona.test", "s2s-random.tag"))).toBe(true);
  expect(pings.takeElsewhere(answer("capulet.test", "verona.test", "s2s-random.tag"))).toBe(false);
  expect(answered).toBe(1);
});

test("what was forgotten is not answered", () => {
  const pings = new Pings(() => "x");
  pings.ask("verona.test", "capulet.test", () => expect(true).toBe(false)).forget();
  expect(pings.takeElsewhere(answer("capulet.test", "verona.test", "s2s-x"))).toBe(false);
});
