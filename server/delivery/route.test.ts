// What comes from another server ends here, whatever let it in.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { Jid } from "../../xmpp/jid/jid.ts";
import { Content } from "../../xmpp/stanza/content.ts";
import { type Fate, type PassedOn, Safety } from "../../xmpp/stanza/safety.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { Router } from "./route.ts";

const message = (to: string) =>
  new Stanza("message", Jid.parse("x@peer.test"), Jid.parse(to), new Content("m", "error", undefined, "", "/>", []));

test("a stanza of another server goes to a domain served here, and to no third server", () => {
  const router = new Router(pino({ level: "silent" }));
  const [here, away]: [Stanza[], Stanza[]] = [[], []];
  router.services.set("verona.test", { accept: (stanza) => void here.push(stanza) });
  router.connect({ route: (stanza) => void away.push(stanza) });
  const [ours, third] = [message("romeo@verona.test"), message("teller@bank.test")];
  void router.deliver(ours);
  let fate: Fate | PassedOn | undefined;
  third.safety = new Safety((settled) => {
    fate = settled.fate;
  });
  void router.deliver(third);
  third.safety.release("passed on");
  expect([here, away, fate]).toEqual([[ours], [], "dropped: RFC 6120 §4.9.3.6"]);
  // Our own goes there all the same.
  void router.route(third);
  expect(away).toEqual([third]);
});
