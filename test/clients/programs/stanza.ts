// A client by stanza over WebSocket: logs in, asks for its roster, wants carbons, echoes, and resumes when cut.
import { createClient } from "stanza";

const [jid = "", password = "", url = ""] = process.argv.slice(2);
const tell = (event: object) => console.log(JSON.stringify(event));

/** What carries the stream. */
interface Carrier {
  readonly socket: { close(): void };
}

const client = createClient({ autoReconnect: true, jid, password, transports: { websocket: url, bosh: false } });
client.on("session:started", async () => {
  const { items } = await client.getRoster();
  tell({ event: "roster", jid: items[0]?.jid ?? "" });
  await client.enableCarbons();
  client.sendPresence();
  tell({ event: "online", jid: client.jid });
});
client.on("message", (message) => {
  if (message.body === undefined || message.type === "error") return;
  client.sendMessage({ to: message.from, type: "chat", body: `echo ${message.body}` });
  if (message.body === "end") {
    client.updateConfig({ autoReconnect: false });
    client.disconnect();
  }
  // Dropped under the stream, as a lost network would; once idle, since this library stops for ever when cut at work.
  if (message.body === "cut") setTimeout(() => (client.transport as unknown as Carrier).socket.close(), 200);
});
client.on("carbon:sent", ({ carbon }) => tell({ event: "carbon", body: carbon.forward.message?.body }));
client.on("stream:management:resumed", () => tell({ event: "resumed" }));
client.on("disconnected", () => tell({ event: "offline" }));
client.on("auth:failed", () => tell({ event: "failed" }));
client.connect();
