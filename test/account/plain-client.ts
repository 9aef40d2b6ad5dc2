// A client whose test sees all that comes and acknowledges nothing by itself, for a node that runs as a process of its own.
import { overTcp } from "../../xmpp/client/carrier.ts";
import { negotiate } from "../../xmpp/client/negotiate.ts";
import { ClientStream } from "../../xmpp/client/stream.ts";

/** Who logs in. */
export interface Login {
  readonly domain: string;
  readonly local: string;
  readonly password: string;
}

/** A client that is bound. */
export interface PlainClient {
  /** Resolves with all that came once the connection is closed. */
  readonly ended: Promise<string>;
  /** Resolves with all that came once that is in it. @throws Error where the connection ends before */
  until(found: RegExp): Promise<string>;
  write(text: string): void;
  /** Drops the connection. */
  cut(): void;
}

/** Logs in with PLAIN, without TLS, and binds. @throws Refused with the condition of the failure */
export async function plainClient(port: number, { domain, local: user, password }: Login): Promise<PlainClient> {
  const carrier = await overTcp({ host: "127.0.0.1", port, domain });
  const stream = new ClientStream(carrier, domain);
  const credentials = { user, password };
  try {
    await negotiate(stream, { starttls: false, mechanism: "PLAIN", credentials, resource: "", stage: "bound" });
  } catch (error) {
    carrier.drop();
    throw error;
  }
  let text = "";
  const waiting = new Set<() => void>();
  const ended = Promise.withResolvers<string>();
  let over = false;
  stream.onClose = () => {
    over = true;
    ended.resolve(text);
    for (const look of [...waiting]) look();
  };
  stream.takeText((part) => {
    text += part;
    for (const look of [...waiting]) look();
  });
  const until = (found: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if (!found.test(text) && !over) return;
        waiting.delete(look);
        if (found.test(text)) resolve(text);
        else reject(new Error(`ended before ${found}: ${text}`));
      };
      waiting.add(look);
      look();
    });
  return { ended: ended.promise, until, write: (xml) => stream.send(xml), cut: () => carrier.drop() };
}
