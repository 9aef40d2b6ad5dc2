// Which messages are copied: each rule of XEP-0280 §6.1, by its reason.
import { expect, test } from "@jest/globals";
import { Stanza } from "../../../xmpp/stanza/stanza.ts";
import { parseElement } from "../../../xmpp/xml/tree.ts";
import { type Candidate, eligibility } from "./eligible.ts";

const BODY = "<body>Hark</body>";
const PRIVATE_OF_ROOM = "<x xmlns='http://jabber.org/protocol/muc#user'/>";
const INVITATION = "<x xmlns='http://jabber.org/protocol/muc#user'><invite from='a@b.test'/></x>";

function candidate(head: string, content: string, more: Partial<Candidate>): Candidate {
  const text = `<message xmlns='jabber:client' to='romeo@verona.test' ${head}>${content}</message>`;
  return { stanza: Stanza.fromElement(parseElement(text)), direction: "received", fromRoom: false, ...more };
}

test.each<[string, string, Partial<Candidate>, boolean, string]>([
  ["from='a@b.test/c' type='chat'", BODY, {}, true, "chat"],
  ["from='a@b.test/c' type='chat'", "", { direction: "sent" }, true, "chat"],
  ["from='a@b.test/c'", BODY, {}, true, "a message with words"],
  ["from='a@b.test/c'", "<received xmlns='urn:xmpp:receipts' id='1'/>", {}, true, "part of a conversation"],
  ["from='a@b.test/c'", "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", {}, true, "part of a conversation"],
  ["from='a@b.test/c'", "<x xmlns='jabber:x:conference' jid='r@m.test'/>", {}, true, "an invitation"],
  ["from='r@m.test'", INVITATION, {}, true, "an invitation by a room"],
  ["from='r@m.test'", INVITATION + BODY, {}, true, "a message with words"],
  ["from='a@b.test/c'", "<x xmlns='urn:example'/>", {}, false, "no part of a conversation"],
  ["from='a@b.test/c'", "<body xmlns='urn:example'/>", {}, false, "no part of a conversation"],
  ["from='a@b.test/c' type='headline'", BODY, {}, false, "headlines are for whom they reach"],
  ["from='r@m.test/n' type='groupchat'", BODY, {}, false, "a room tells each device itself"],
  [
    "from='r@m.test/n' type='chat'",
    BODY + PRIVATE_OF_ROOM,
    {},
    false,
    "a room sends its private messages to each device",
  ],
  ["from='a@b.test/c' type='chat'", BODY + PRIVATE_OF_ROOM, { direction: "sent" }, true, "chat"],
  ["from='a@b.test' type='error'", BODY, {}, true, "an error that answers a message"],
  ["from='r@m.test' type='error'", BODY, { fromRoom: true }, false, "an error of a room"],
  ["from='a@b.test/c' type='error'", BODY, { direction: "sent" }, false, "errors come, they are not sent"],
  [
    "from='a@b.test' type='chat'",
    `${BODY}<private xmlns='urn:xmpp:carbons:2'/>`,
    {},
    false,
    "private, or a copy itself",
  ],
  ["from='a@b.test' type='chat'", `${BODY}<no-copy xmlns='urn:xmpp:hints'/>`, {}, false, "its sender wants no copies"],
  ["from='a@b.test' type='error'", `<no-copy xmlns='urn:xmpp:hints'/>`, {}, true, "an error that answers a message"],
])("%s %s %j", (head, content, more, copy, reason) => {
  expect(eligibility(candidate(head, content, more))).toMatchObject({ copy, reason });
});
