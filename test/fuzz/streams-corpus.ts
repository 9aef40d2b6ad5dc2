// What the stream fuzzer says: valid elements of every state, and ways to spoil them.
import { NS_BIND, NS_CLIENT, NS_SASL, NS_STREAM, NS_TLS } from "../../xmpp/xml/namespaces.ts";
import { bindText, header, plain } from "../attacks/raw.ts";
import type { Random } from "./xml-random.ts";

const D = "verona.test";

/** Elements that mean something in some state of some stream; `{n}` becomes a number. */
export const ELEMENTS: readonly string[] = [
  header(D),
  header(D, "jabber:server", "capulet.test"),
  header("pets.verona.test", "jabber:component:accept"),
  header("mantua.test"),
  "</stream:stream>",
  `<starttls xmlns='${NS_TLS}'/>`,
  `<stream:error xmlns:stream='${NS_STREAM}'><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`,
  plain("romeo", "wrong"),
  plain("romeo", "pencil"),
  `<auth xmlns='${NS_SASL}' mechanism='SCRAM-SHA-1'>biwsbj1yb21lbyxyPWFiY2RlZg==</auth>`,
  `<auth xmlns='${NS_SASL}' mechanism='EXTERNAL'>=</auth>`,
  `<auth xmlns='${NS_SASL}' mechanism='SCRAM-SHA-256-PLUS'>cD10bHMtZXhwb3J0ZXIsLG49eCxyPXk=</auth>`,
  `<response xmlns='${NS_SASL}'>Yz1iaXdzLHI9YSxwPWI=</response>`,
  `<abort xmlns='${NS_SASL}'/>`,
  "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>AHJvbWVvAHBlbmNpbA==</initial-response><bind xmlns='urn:xmpp:bind:0'><enable xmlns='urn:xmpp:carbons:2'/><enable xmlns='urn:xmpp:sm:3' resume='1'/></bind></authenticate>",
  "<response xmlns='urn:xmpp:sasl:2'>AA==</response>",
  "<abort xmlns='urn:xmpp:sasl:2'/>",
  bindText("r{n}"),
  `<iq type='set' id='s{n}'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>`,
  "<enable xmlns='urn:xmpp:sm:3' resume='true'/>",
  "<r xmlns='urn:xmpp:sm:3'/>",
  "<a xmlns='urn:xmpp:sm:3' h='{n}'/>",
  "<resume xmlns='urn:xmpp:sm:3' h='{n}' previd='x{n}'/>",
  "<active xmlns='urn:xmpp:csi:0'/>",
  "<inactive xmlns='urn:xmpp:csi:0'/>",
  "<iq type='set' id='c{n}'><enable xmlns='urn:xmpp:carbons:2'/></iq>",
  "<iq type='get' id='g{n}'><query xmlns='jabber:iq:roster' ver=''/></iq>",
  "<iq type='set' id='i{n}'><query xmlns='jabber:iq:roster'><item jid='c{n}@verona.test' name='x'><group>g</group></item></query></iq>",
  "<iq type='set' id='b{n}'><block xmlns='urn:xmpp:blocking'><item jid='x{n}@mantua.test'/></block></iq>",
  "<iq type='set' id='u{n}'><unblock xmlns='urn:xmpp:blocking'/></iq>",
  "<iq type='set' id='p{n}'><query xmlns='jabber:iq:private'><x xmlns='urn:example:{n}'/></query></iq>",
  "<iq type='set' id='v{n}'><vCard xmlns='vcard-temp'><FN>x</FN></vCard></iq>",
  "<iq type='get' id='d{n}' to='verona.test'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
  "<iq type='set' id='k{n}' to='verona.test'><command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/admin#add-user' action='execute'/></iq>",
  "<iq type='result' id='z{n}'/>",
  "<iq type='error' id='z{n}'><error type='cancel'><x/></error></iq>",
  "<presence/>",
  "<presence type='unavailable'/>",
  "<presence type='subscribe' to='juliet@verona.test'/>",
  "<presence type='subscribed' to='juliet@verona.test'/>",
  "<presence type='unsubscribe' to='juliet@verona.test'/>",
  "<presence to='juliet@verona.test/balcony'><priority>{n}</priority></presence>",
  "<presence type='probe' to='romeo@verona.test'/>",
  "<message to='juliet@verona.test/balcony' type='chat'><body>x{n}</body></message>",
  "<message to='romeo@verona.test' id='m{n}'><body>offline</body></message>",
  "<message to='x@verona.test' type='groupchat'><body>x</body></message>",
  "<message from='x@capulet.test' to='romeo@verona.test'><body>x</body></message>",
  "<handshake>0123456789012345678901234567890123456789</handshake>",
  "<db:result xmlns:db='jabber:server:dialback' from='capulet.test' to='verona.test'>key</db:result>",
  "<db:verify xmlns:db='jabber:server:dialback' from='capulet.test' to='verona.test' id='{n}'>key</db:verify>",
  "<bidi xmlns='urn:xmpp:bidi'/>",
  `<iq type='set' id='n{n}'><bind xmlns='${NS_BIND}'/><bind xmlns='${NS_BIND}'/></iq>`,
  " \n",
  "text",
  "<!-- comment -->",
  "<![CDATA[x]]>",
  "<?target data?>",
  `<x:message xmlns:x='${NS_CLIENT}' to='juliet@verona.test'/>`,
];

/** What a server, or a component, says of itself once it is believed: sender and receiver are put in. */
const BETWEEN: readonly string[] = [
  "<message {a} id='m{n}'><body>x{n}</body></message>",
  "<message {a} type='groupchat'><body>x</body></message>",
  "<message {a} type='error'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
  "<presence {a}/>",
  "<presence {a} type='unavailable'/>",
  "<presence {a} type='probe'/>",
  "<presence {a} type='subscribe'/>",
  "<presence {a} type='subscribed'/>",
  "<presence {a} type='unsubscribe'/>",
  "<presence {a} type='unsubscribed'/>",
  "<iq {a} type='get' id='g{n}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
  "<iq {a} type='get' id='p{n}'><ping xmlns='urn:xmpp:ping'/></iq>",
  "<iq {a} type='get' id='v{n}'><vCard xmlns='vcard-temp'/></iq>",
  "<iq {a} type='set' id='r{n}'><query xmlns='jabber:iq:roster'><item jid='x@capulet.test'/></query></iq>",
  "<iq {a} type='result' id='{n}'/>",
  "<iq {a} type='get'/>",
  "<message {a}><sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='x@capulet.test' to='romeo@verona.test'/></forwarded></sent></message>",
  "<db:result xmlns:db='jabber:server:dialback' from='x{n}.capulet.test' to='verona.test'>key</db:result>",
  "<db:verify xmlns:db='jabber:server:dialback' from='capulet.test' to='verona.test' id='{n}' type='valid'/>",
];

const SENDERS = [
  "capulet.test",
  "juliet@capulet.test/b",
  "pets.verona.test",
  "cat@pets.verona.test/m",
  "romeo@verona.test",
  "@",
  "",
];
const RECEIVERS = [
  "verona.test",
  "romeo@verona.test",
  "romeo@verona.test/orchard",
  "x@verona.test",
  "mantua.test",
  "cat@pets.verona.test",
  "",
];

function between(random: Random, component: boolean): string {
  const senders = component ? SENDERS.slice(2, 4) : SENDERS.slice(0, 2);
  const from = random.chance(85) ? random.pick(senders) : random.pick(SENDERS);
  const to = random.chance(85) ? random.pick(RECEIVERS.slice(0, 4)) : random.pick(RECEIVERS);
  return random.pick(BETWEEN).replace("{a}", `from='${from}' to='${to}'`);
}

const SCRAPS = ["<", ">", "&", "'", '"', "\0", "/", "\u{1f600}", "\ufffe", "&#0;", "&amp;", "__proto__", " xmlns='x'"];

/** An element for a state of that name, most of them whole, some spoiled. */
export function say(random: Random, state: string): string {
  const peer = /^(server|component) (proven|with)/.test(state) && random.chance(75);
  const element = peer ? between(random, state.startsWith("component")) : random.pick(ELEMENTS);
  let text = element.replaceAll("{n}", String(random.below(5)));
  while (random.chance(15)) text = spoil(text, random);
  return text;
}

function spoil(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const to = at + random.below(8);
  switch (random.below(6)) {
    case 0:
      return text.slice(0, at) + text.slice(to);
    case 1:
      return text.slice(0, at) + random.pick(SCRAPS) + text.slice(at);
    case 2:
      return text.slice(0, to) + text.slice(at);
    case 3:
      return text.replace(/'[^']*'/, `'${random.pick(SCRAPS).replace(/[<&']/g, "")}'`);
    case 4:
      return text.slice(0, at) + "x".repeat(random.below(20_000)) + text.slice(at);
    default:
      return text.replace(/[a-z]+/, random.pick(["message", "iq", "presence", "x", "__proto__"]));
  }
}
