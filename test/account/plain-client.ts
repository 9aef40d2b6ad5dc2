// A client on a bare socket that logs in with PLAIN, for tests of a node that runs as a process of its own.
import { connect, type Socket } from "node:net";

/** Who logs in. */
export interface Login {
  readonly domain: string;
  readonly local: string;
  readonly password: string;
}

/** A client; bound where its log-in succeeded. */
export interface PlainClient {
  /** All that came until SASL was over. */
  readonly answer: string;
  /** Resolves with all that came once the connection is closed. */
  readonly ended: Promise<string>;
  /** Resolves with all that came once that is in it. @throws Error where the connection ends before */
  until(found: RegExp): Promise<string>;
  write(text: string): void;
  /** Drops the connection. */
  cut(): void;
}

/** Logs in and binds; its socket is added to `sockets`, for their end. */
export async function plainClient(port: number, login: Login, sockets: Socket[]): Promise<PlainClient> {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  let text = "";
  const look = new Set<() => void>();
  socket.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    for (const one of [...look]) one();
  });
  const until = (found: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const over = () => reject(new Error(`ended before ${found}: ${text}`));
      const check = () => {
        if (!found.test(text)) return;
        socket.off("close", over);
        look.delete(check);
        resolve(text);
      };
      look.add(check);
      socket.once("close", over);
      check();
    });
  const header = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='${login.domain}' version='1.0'>`;
  const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
  socket.write(header);
  await until(/<\/stream:features>/);
  const initial = Buffer.from(`\0${login.local}\0${login.password}`).toString("base64");
  socket.write(`<auth xmlns='${sasl}' mechanism='PLAIN'>${initial}</auth>`);
  const answer = await until(/<success|<\/failure>/);
  const ended = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
  const client = { answer, ended, until, write: (xml: string) => socket.write(xml), cut: () => socket.destroy() };
  if (!answer.includes("<success")) return client;
  socket.write(`${header}<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`);
  await until(/<jid>/);
  return client;
}
