// strophe.js as a client that is told what to do by JSON lines, and tells what it sees. See ../foreign-client.ts.
import { createInterface } from "node:readline";
import { $iq, $msg, $pres, Strophe } from "strophe.js";

const login = JSON.parse(process.argv[2] ?? "{}");
const tell = (event: string, facts: object = {}) => console.log(JSON.stringify({ event, ...facts }));

/** As much of DOM's Element as is used here: the types of DOM are not among ours. */
interface Stanza {
  readonly nodeName: string;
  readonly textContent: string | null;
  getAttribute(name: string): string | null;
  getElementsByTagName(name: string): Iterable<Stanza> & { readonly [index: number]: Stanza };
}

const connection = new Strophe.Connection(login.service, { protocol: "ws" });
connection.addHandler((stanza: Stanza) => {
  const from = stanza.getAttribute("from");
  const type = stanza.getAttribute("type") ?? undefined;
  if (stanza.nodeName === "message")
    tell("message", { from, type, body: stanza.getElementsByTagName("body")[0]?.textContent });
  else if (stanza.nodeName === "presence") tell("presence", { from, type: type ?? "available" });
  return true;
});
connection.connect(login.jid, login.password, (status: number) => {
  if (status === Strophe.Status.CONNECTED) tell("online", { jid: connection.jid });
  if (status === Strophe.Status.AUTHFAIL || status === Strophe.Status.CONNFAIL)
    tell("error", { text: "authentication failed" });
  if (status === Strophe.Status.DISCONNECTED) tell("offline");
});

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.do === "message") connection.send($msg({ to: command.to, type: "chat" }).c("body").t(command.body));
  else if (command.do === "presence") {
    const { to, type } = command;
    connection.send($pres({ ...(to && { to }), ...(type && { type }) }));
  } else if (command.do === "roster")
    connection.sendIQ($iq({ type: "get" }).c("query", { xmlns: Strophe.NS.ROSTER }), (answer: Stanza) => {
      const items = [...answer.getElementsByTagName("item")];
      const pairs = items.map((item) => [item.getAttribute("jid"), item.getAttribute("subscription")]);
      tell("roster", { items: Object.fromEntries(pairs) });
    });
  else break;
}
connection.disconnect("done");
setTimeout(() => process.exit(0), 200);
