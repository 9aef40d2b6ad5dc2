// A client by strophe.js over WebSocket: logs in, asks for its roster, wants carbons, echoes.
import { $iq, $msg, $pres, Strophe } from "strophe.js";

/** As much of the DOM as this needs. */
interface Node {
  readonly textContent: string | null;
  getElementsByTagName(name: string): ArrayLike<Node>;
  getAttribute(name: string): string | null;
}

const [jid = "", password = "", url = ""] = process.argv.slice(2);
const tell = (event: object) => console.log(JSON.stringify(event));

const connection = new Strophe.Connection(url);

function roster(answer: Node): void {
  tell({ event: "roster", jid: answer.getElementsByTagName("item")[0]?.getAttribute("jid") ?? "" });
  connection.sendIQ($iq({ type: "set" }).c("enable", { xmlns: "urn:xmpp:carbons:2" }), () => {
    connection.send($pres());
    tell({ event: "online", jid: connection.jid });
  });
}

connection.addHandler(
  (stanza: Node) => {
    const body = stanza.getElementsByTagName("body")[0]?.textContent;
    if (stanza.getElementsByTagName("sent").length > 0) tell({ event: "carbon", body });
    else if (body) {
      connection.send(
        $msg({ to: stanza.getAttribute("from") ?? "", type: "chat" })
          .c("body")
          .t(`echo ${body}`),
      );
      if (body === "end") connection.disconnect("told to");
    }
    return true;
  },
  null as unknown as string,
  "message",
);

connection.connect(jid, password, (status: number, reason: string | null) => {
  if (status === Strophe.Status.CONNECTED)
    connection.sendIQ($iq({ type: "get" }).c("query", { xmlns: "jabber:iq:roster" }), roster);
  if (status === Strophe.Status.AUTHFAIL) tell({ event: "failed", reason });
  if (status === Strophe.Status.DISCONNECTED) tell({ event: "offline", reason });
});
