// @xmpp/client as a client that is told what to do by JSON lines, and tells what it sees. See ../foreign-client.ts.
import { createInterface } from "node:readline";
// @ts-expect-error It comes without types.
import { client, xml } from "@xmpp/client";

const login = JSON.parse(process.argv[2] ?? "{}");
const [, local, domain, resource] = /^([^@]*)@([^/]*)\/(.*)$/.exec(login.jid) ?? [];
const scheme = { starttls: "xmpp://", tls: "xmpps://", websocket: "" }[login.transport as "tls"];
const xmpp = client({
  service: `${scheme}${login.service}`,
  domain,
  resource,
  username: local,
  password: login.password,
  timeout: 10_000,
});

const tell = (event: string, facts: object = {}) => console.log(JSON.stringify({ event, ...facts }));

xmpp.on("error", (error: Error) => tell("error", { text: String(error) }));
xmpp.on("online", (jid: object) => tell("online", { jid: String(jid) }));
xmpp.on("offline", () => tell("offline"));
xmpp.on(
  "stanza",
  (stanza: { is(name: string): boolean; attrs: Record<string, string>; getChildText(n: string): string }) => {
    const { from, type } = stanza.attrs;
    if (stanza.is("message")) tell("message", { from, type, body: stanza.getChildText("body") });
    else if (stanza.is("presence")) tell("presence", { from, type: type ?? "available" });
  },
);
xmpp.reconnect.stop();
// Not waited for: where SASL2 is quick, its promise is made too late to see that it went online.
xmpp.start().catch((error: Error) => tell("error", { text: String(error) }));

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.do === "message")
    await xmpp.send(xml("message", { to: command.to, type: "chat" }, xml("body", {}, command.body)));
  else if (command.do === "presence") await xmpp.send(xml("presence", { to: command.to, type: command.type }));
  else if (command.do === "roster") {
    const answer = await xmpp.iqCaller.get(xml("query", { xmlns: "jabber:iq:roster" }));
    const items = Object.fromEntries(
      answer
        .getChildren("item")
        .map((item: { attrs: Record<string, string> }) => [item.attrs.jid, item.attrs.subscription]),
    );
    tell("roster", { items });
  } else break;
}
await xmpp.stop();
process.exit(0);
