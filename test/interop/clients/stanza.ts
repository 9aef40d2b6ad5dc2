// stanza (npm) as a client that is told what to do by JSON lines, and tells what it sees. See ../foreign-client.ts.
import { createInterface } from "node:readline";
import * as XMPP from "stanza";

const login = JSON.parse(process.argv[2] ?? "{}");
const tell = (event: string, facts: object = {}) => console.log(JSON.stringify({ event, ...facts }));

const client = XMPP.createClient({
  jid: login.jid,
  resource: login.jid.replace(/^.*\//, ""),
  password: login.password,
  transports: { websocket: login.service, bosh: false },
  autoReconnect: false,
});

client.on("session:started", () => tell("online", { jid: client.jid }));
client.on("auth:failed", () => tell("error", { text: "authentication failed" }));
client.on("disconnected", () => tell("offline"));
client.on("message", ({ from, type, body }) => tell("message", { from, type, body }));
client.on("presence", ({ from, type }) => tell("presence", { from, type: type ?? "available" }));
client.connect();

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.do === "message") client.sendMessage({ to: command.to, body: command.body, type: "chat" });
  else if (command.do === "presence") client.sendPresence({ to: command.to, type: command.type });
  else if (command.do === "roster") {
    const { items } = await client.getRoster();
    tell("roster", { items: Object.fromEntries(items.map(({ jid, subscription }) => [jid, subscription])) });
  } else break;
}
client.disconnect();
await new Promise((resolve) => client.once("disconnected", resolve));
process.exit(0);
