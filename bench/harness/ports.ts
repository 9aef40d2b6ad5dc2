// Waiting for a server to serve clients.
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { streamHeader } from "../../xmpp/client/stream.ts";

/** One attempt at stream features: true once the server sent them. RFC 6120 §4.3.2 */
function tryFeatures(port: number, domain: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    const end = (outcome: boolean) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setEncoding("latin1");
    socket.setTimeout(10_000, () => end(false));
    socket.on("error", () => end(false));
    socket.on("close", () => end(false));
    socket.on("connect", () => socket.write(streamHeader(domain)));
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("</stream:features>")) end(true);
    });
  });
}

/** Waits until a server on `port` answers with stream features. @throws Error after `ms`, or once `dead()` is true */
export async function waitForFeatures(port: number, domain: string, dead: () => boolean, ms = 60_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await tryFeatures(port, domain))) {
    if (dead()) throw new Error("the server ended while it was starting");
    if (performance.now() > deadline) throw new Error(`no stream features after ${ms} ms`);
    await sleep(2);
  }
}
