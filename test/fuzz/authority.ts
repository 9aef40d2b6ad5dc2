// The authoritative server of a domain, with its DNS: it vouches for every dialback key and says nothing else. XEP-0220 §2.4.
import { createServer, type Server, type Socket } from "node:net";
import { S2S_PORT, SceneDns } from "../harness/scene-dns.ts";

/** One that runs. */
export interface Authority {
  /** Address and port of its name server. */
  readonly nameServer: string;
  stop(): Promise<void>;
}

/** Starts one for `domain`. */
export async function startAuthority(domain: string): Promise<Authority> {
  const dns = new SceneDns();
  await dns.start();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
    vouch(socket, domain);
  });
  const port = await listening(server);
  dns.announce(domain, `xmpp.${domain}`, { address: "127.0.0.1", ports: new Map([[S2S_PORT, port]]) });
  return {
    nameServer: dns.address,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await dns.stop();
    },
  };
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

/** Opens its side once, and answers each request to verify. */
function vouch(socket: Socket, domain: string): void {
  let text = "";
  let open = false;
  socket.on("data", (bytes) => {
    text += bytes.toString("utf8");
    if (!open && /<stream:stream[^>]*>/.test(text)) {
      open = true;
      socket.write(
        `<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:db='jabber:server:dialback' xmlns:stream='http://etherx.jabber.org/streams' from='${domain}' to='verona.test' id='authority' version='1.0'><stream:features><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>`,
      );
    }
    text = text.replaceAll(/<db:verify[^>]* id=['"]([^'"]*)['"][^>]*>[^<]*<\/db:verify>/g, (_all, id: string) => {
      socket.write(`<db:verify from='${domain}' to='verona.test' id='${id}' type='valid'/>`);
      return "";
    });
    text = text.slice(-10_000);
  });
}
