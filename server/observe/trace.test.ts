// What a trace may log: what is secret is withheld whatever its prefix, and everything else stays.
import { expect, test } from "@jest/globals";
import { parse } from "ltx";
import { withoutSecrets } from "./trace.ts";

const SECRET = "s3cr3t";

test.each([
  ["a password", `<password>${SECRET}</password>`],
  ["a password with a prefix", `<r:password xmlns:r='jabber:iq:register'>${SECRET}</r:password>`],
  ["a password with children", `<password>a<b>${SECRET}</b></password>`],
  ["a field", `<field var='password'><value>${SECRET}</value></field>`],
  [
    "a field with another quote and a prefix",
    `<x:field xmlns:x='jabber:x:data' var="password-verify"><x:value>${SECRET}</x:value></x:field>`,
  ],
  ["a private field", `<field type='text-private' var='pin'><value>${SECRET}</value></field>`],
  ["the secret of a push service", `<field var='pubsub#publish-options-secret'><value>${SECRET}</value></field>`],
  ["SASL", `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${SECRET}</auth>`],
  ["SASL2", `<authenticate xmlns='urn:xmpp:sasl:2'><initial-response>${SECRET}</initial-response></authenticate>`],
  ["a token of FAST", `<token xmlns='urn:xmpp:fast:0' token='${SECRET}' expiry='2027-01-01T00:00:00Z'/>`],
  ["a dialback key", `<d:result xmlns:d='jabber:server:dialback' from='a' to='b'>${SECRET}</d:result>`],
  ["a digest", `<digest>${SECRET}</digest>`],
  ["a component's handshake", `<handshake>${SECRET}</handshake>`],
  ["the password of an invitation", `<x xmlns='jabber:x:conference' jid='a@b' password='${SECRET}'/>`],
  ["a relay's password", `<service xmlns='urn:xmpp:extdisco:2' host='h' username='u' password='${SECRET}'/>`],
  ["an invitation to register", `<preauth xmlns='urn:xmpp:pars:0' token='${SECRET}'/>`],
  [
    "where to upload",
    `<put xmlns='urn:xmpp:http:upload:0' url='https://x/${SECRET}'><header name='Authorization'>${SECRET}</header></put>`,
  ],
])("%s is withheld", (_name, xml) => {
  for (const stanza of [`<iq><query xmlns='q'>${xml}</query></iq>`, `<iq>${xml}</iq>`]) {
    const logged = withoutSecrets(parse(stanza));
    expect(logged).not.toContain(SECRET);
    expect(logged).toContain("withheld");
  }
});

test.each([
  "<body>my password is short</body>",
  "<passwords>many</passwords>",
  '<field var="x"><value>y</value></field>',
  "<password/>",
  '<get xmlns="urn:xmpp:http:upload:0" url="https://x/y"/>',
])("%s stays", (xml) => {
  const tree = parse(`<message to="a" id="b">${xml}</message>`);
  expect(withoutSecrets(tree)).toBe(tree.toString());
});

test("the stanza itself is not changed", () => {
  const tree = parse("<iq><password>a</password></iq>");
  withoutSecrets(tree);
  expect(tree.toString()).toBe("<iq><password>a</password></iq>");
});
