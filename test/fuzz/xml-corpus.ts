// Streams for the XML fuzzer: realistic and random ones, and the ways in which they are spoilt.
import type { Random } from "./xml-random.ts";

const HEADERS = [
  "<?xml version='1.0'?><stream:stream to='example.org' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
  '<?xml version="1.0" encoding="UTF-8"?>\n<stream:stream xmlns:stream="http://etherx.jabber.org/streams" xmlns="jabber:server" xmlns:db="jabber:server:dialback" from="a.example" to="b.example" id="a&amp;b" xml:lang="en" version="1.0" >',
  "<stream:stream xmlns='jabber:client' xmlns:c='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
  "<stream xmlns='http://etherx.jabber.org/streams' xmlns:c='jabber:client' version='1.0'>",
  "<?xml version='1.0' encoding='utf-8' standalone='yes' ?><s:stream xmlns='jabber:client'\r\n\txmlns:s='http://etherx.jabber.org/streams' xmlns:c='jabber:client'>",
];

const CHILDREN = [
  "<message from='romeo@example.net/orchard' to='juliet@example.com' id='m1' type='chat'><body>Neither, fair saint, if either thee dislike.</body><active xmlns='http://jabber.org/protocol/chatstates'/><request xmlns='urn:xmpp:receipts'/></message>",
  "<presence xml:lang='en'><show>dnd</show><status>Wooing &lt;Juliet&gt; &#x2665;</status><priority>1</priority><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://psi-im.org' ver='q07IKJEyjvHSyhy//CH0CxmKi8w='/></presence>",
  "<iq type='set' id='r1'><query xmlns='jabber:iq:roster'><item jid='nurse@example.com' name='Nurse &amp; Co'><group>Servants</group></item></query></iq>",
  "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
  "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>biwsbj11c2VyLHI9b01zVEFBd0FBQUFNQUFBQU5QMFRBQUFBQUFCUFUwQUE=</auth>",
  "<db:result from='a.example' to='b.example' xmlns:db='jabber:server:dialback'>3af6c4</db:result>",
  "<message to='x@example.org'><received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='a@b'><body>deep</body></message></forwarded></received></message>",
  "<message><body><![CDATA[<a> & ]] > b]]></body><html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'><p style=\"font-weight:bold\">hi<br/>there</p></body></html></message>",
  "<x:message xmlns:x='jabber:client' xmlns='urn:other' a='1' x:a='2'><x:body>prefixed</x:body><y/></x:message>",
  "<message><body xmlns='jabber:client'>again</body><a xmlns=''><b xmlns='u:1'/></a></message>",
  "<message xmlns:p='urn:p' p:a='1' a='2'><p:q p:r='\n\t\"x\"'/></message>",
  "<message><body>\u00e9\u{1f600}\u2603 \ud7ff\ue000\ufffd</body><n\u00e9\u4e00me \u0451='\u{10ffff}'/></message>",
  "<message\n to = 'a'\r\n\tid\t=\r\"b\" ><body >a\r\nb\rc&#13;&#xA;</body\t></message\n>",
  "<iq id='1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
  "<m __proto__='1' constructor='2' hasOwnProperty='3'><toString/></m>",
  " ",
  "\n",
];

const SNIPPETS = [
  "<!-- c -->",
  "<!---->",
  "<?pi x?>",
  "<?xml version='1.0'?>",
  "<!DOCTYPE a [<!ENTITY e 'x'>]>",
  "<![CDATA[",
  "]]>",
  "<![CDATA[x]]>",
  "&e;",
  "&amp;",
  "&#0;",
  "&#x1F600;",
  "&#xD800;",
  "&#xFFFE;",
  "&#;",
  "&#x;",
  "&#65",
  "&",
  "<",
  ">",
  "</",
  "/>",
  "'",
  '"',
  "=",
  " a='1' a='2'",
  " p:x='1'",
  " xmlns:p='u:p' xmlns:q='u:p' p:z='1' q:z='2'",
  " xmlns:p=''",
  " xmlns=''",
  " xmlns:xml='u'",
  " xmlns:xml='http://www.w3.org/XML/1998/namespace'",
  " xmlns:xmlns='u'",
  " xmlns:q='http://www.w3.org/2000/xmlns/'",
  " xmlns='http://www.w3.org/XML/1998/namespace'",
  " xml:lang='de'",
  "<a:b/>",
  "<:a/>",
  "<a:/>",
  "<a:b:c/>",
  "<1/>",
  "<-a/>",
  "<xmlns:a/>",
  "<xml:a/>",
  "<a/>",
  "<a></b>",
  "<a><b></a></b>",
  "</stream:stream>",
  "\0",
  "\u0001",
  "\u000b",
  "\u007f",
  "\u0085",
  "\u2028",
  "\ufeff",
  "\ufffe",
  "\uffff",
  "\ud800",
  "\udc00",
  "\ud83d\ude00",
  "\u00d7",
  "\u0300",
  "\u037e",
  "\r",
  "\r\n",
  "x",
  " ",
];

/** A whole stream, right in every way but for what its children may do to one another. */
export function makeStream(random: Random): string {
  let text = random.pick(HEADERS);
  for (let k = random.below(6); k >= 0; k--) text += random.chance(70) ? random.pick(CHILDREN) : makeElement(random, 0);
  if (!random.chance(30)) return text;
  return text + (text.includes("<s:stream") ? "</s:stream>" : "</stream:stream>");
}

/** One element that stands alone, with a declaration at times. */
export function makeDocument(random: Random): string {
  const element = random.chance(50) ? random.pick(CHILDREN) : makeElement(random, 0);
  return (random.chance(10) ? "<?xml version='1.0'?>" : "") + element;
}

function makeElement(random: Random, depth: number): string {
  const name = random.pick(["a", "b:c", "body", "x", "d:message", "stream:y", "c:z"]);
  let head = `<${name}`;
  const declared = random.chance(80) ? ` xmlns:b='u:b' xmlns:d="${random.pick(["u:d", "jabber:client", "u:b"])}"` : "";
  if (depth === 0) head += declared;
  if (random.chance(40)) head += ` xmlns='${random.pick(["u:1", "", "jabber:client", "jabber:server"])}'`;
  for (const key of ["id", "b:k", "d:k", "xml:lang"])
    if (random.chance(25)) head += ` ${key}=${random.pick(["''", '"a"', "'&lt;&#10;'", "'>'", '"\n"'])}`;
  if (random.chance(30)) return `${head}/>`;
  let inner = "";
  for (let k = random.below(4); k > 0; k--)
    inner +=
      depth < 5 && random.chance(60)
        ? makeElement(random, depth + 1)
        : random.pick(["t", "&amp;", " ", "<![CDATA[&]]>", "\u{1f600}"]);
  return `${head}>${inner}</${name}>`;
}

/** The text with a few things wrong with it, or perhaps with none. */
export function mutate(text: string, random: Random): string {
  let result = text;
  for (let k = random.below(4); k >= 0; k--) result = mutateOnce(result, random);
  return result;
}

function mutateOnce(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const length = random.below(8);
  switch (random.below(9)) {
    case 0:
      return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << random.below(7))) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + text.slice(at + length);
    case 2:
      return text.slice(0, at) + text.slice(at, at + length * 4) + text.slice(at);
    case 3:
      return swapTags(text, random);
    case 4:
      return text.replace(
        random.pick(["c:", "stream:", "db:", "xmlns:", "xmlns=", "b:"]),
        random.pick(["", "q:", "xml:", "xmlns:"]),
      );
    case 5: {
      const tag = text.indexOf(">", at);
      return tag === -1 ? text : text.slice(0, tag) + random.pick(SNIPPETS) + text.slice(tag);
    }
    case 6: {
      const tag = text.indexOf("<", at);
      return tag === -1 ? text : text.slice(0, tag) + random.pick(SNIPPETS) + text.slice(tag);
    }
    default:
      return text.slice(0, at) + random.pick(SNIPPETS) + text.slice(at);
  }
}

function swapTags(text: string, random: Random): string {
  const tags = [...text.matchAll(/<[^>]*>/g)];
  if (tags.length < 2) return text;
  const [first, second] = [random.pick(tags), random.pick(tags)].sort((a, b) => a.index - b.index);
  if (first === undefined || second === undefined || first === second) return text;
  return (
    text.slice(0, first.index) +
    second[0] +
    text.slice(first.index + first[0].length, second.index) +
    first[0] +
    text.slice(second.index + second[0].length)
  );
}

/** The text cut into pieces: one, single units, or at random places. */
export function split(text: string, random: Random): string[] {
  switch (random.below(3)) {
    case 0:
      return [...Array(text.length).keys()].map((k) => text.charAt(k));
    case 1: {
      const at = random.below(text.length + 1);
      return [text.slice(0, at), text.slice(at)];
    }
    default: {
      const pieces: string[] = [];
      for (let i = 0; i < text.length; ) {
        const next = i + 1 + random.below(30);
        pieces.push(text.slice(i, next));
        i = next;
      }
      return pieces;
    }
  }
}
