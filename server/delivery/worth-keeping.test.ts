// Which messages are worth keeping.
import { expect, test } from "@jest/globals";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { parseElement } from "../../xmpp/xml/tree.ts";
import { fateOf } from "./worth-keeping.ts";

const STATE = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
const RECEIPT = "<received xmlns='urn:xmpp:receipts' id='1'/>";
const MARKER = "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>";
const BODY = "<body>Hark</body>";
const hint = (name: string) => `<${name} xmlns='urn:xmpp:hints'/>`;

test.each([
  ["chat", BODY, "keep"],
  ["chat", BODY + STATE, "keep"],
  ["normal", BODY, "keep"],
  [undefined, BODY, "keep"],
  ["normal", "", "keep"],
  ["chat", "", "drop"],
  ["chat", STATE, "drop"],
  ["normal", STATE, "drop"],
  ["chat", `${STATE}<thread>t</thread>`, "drop"],
  ["chat", STATE + hint("no-permanent-store") + hint("no-copy"), "drop"],
  ["chat", `${RECEIPT}<origin-id xmlns='urn:xmpp:sid:0' id='2'/>`, "drop"],
  ["normal", RECEIPT, "drop"],
  ["chat", MARKER + hint("store"), "keep"],
  ["chat", MARKER, "drop"],
  ["chat", `${BODY}<request xmlns='urn:xmpp:receipts'/>`, "keep"],
  ["chat", BODY + hint("no-store"), "return"],
  ["chat", BODY + hint("no-permanent-store"), "keep"],
  ["chat", STATE + hint("no-store"), "drop"],
  ["chat", "<encrypted xmlns='eu.siacs.conversations.axolotl'/>", "keep"],
  ["normal", "<x xmlns='jabber:x:conference' jid='room@muc.test'/>", "keep"],
  ["headline", BODY, "return"],
  ["groupchat", BODY, "return"],
  ["error", BODY, "return"],
])("%s %s: %s", (type, content, fate) => {
  const typed = type === undefined ? "" : ` type='${type}'`;
  const element = parseElement(
    `<message xmlns='jabber:client' from='a@b.test' to='c@d.test'${typed}>${content}</message>`,
  );
  expect(fateOf(Stanza.fromElement(element)).fate).toBe(fate);
});
