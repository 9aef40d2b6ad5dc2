// A client behind a slow link comes back: what it missed is more than may wait for it, and is no reason to cut it. XEP-0198 §5.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { C2sSession } from "../../server/c2s/session.ts";
import { DOMAIN, startTarget, type Target } from "./node.ts";
import { RawTcp } from "./raw.ts";

/** More than the kernel takes by itself; what is sent again is thrice as many bytes as characters. */
const BACKLOG = 8 << 20;
const BODY = "€".repeat(16_000);
const MISSED = 300;

let target: Target;

beforeEach(async () => {
  target = await startTarget({
    "limits.bytesPerSecond": "1000000000",
    "limits.burstBytes": "1000000000",
    "limits.backlogBytes": `${BACKLOG}`,
    "streamManagement.maxUnackedSize": `${0.75 * BACKLOG}`,
  });
  for (const name of ["romeo", "juliet"]) await target.account(name);
});
afterEach(() => target.stop());

async function authenticated(local: string, tls: boolean): Promise<RawTcp> {
  const raw = tls ? await RawTcp.connect(target.ports.c2sTls, DOMAIN) : await RawTcp.connect(target.ports.c2s);
  await raw.open(DOMAIN);
  await raw.login(local, DOMAIN);
  return raw;
}

function session(local: string): C2sSession | undefined {
  return target.server.router.hosts.get(DOMAIN)?.sessions.of(local)[0] as C2sSession | undefined;
}

/** Bytes that wait for the receiver. */
function backlog(): number {
  return session("juliet")?.connection?.stream.transport.backlog ?? 0;
}

/** Acknowledges what it is asked about behind `<resumed/>`, until it has read so many messages; answers their ids. */
function takeAll({ socket, text }: RawTcp, count: number): Promise<string[]> {
  const ids: string[] = [];
  let unread = "";
  return new Promise((resolve, reject) => {
    const take = (more: string) => {
      unread += more;
      const last = Math.max(unread.lastIndexOf(">"), 0);
      for (const [, id] of unread.slice(0, last).matchAll(/<message[^>]* id='(\d+)'|<r /g))
        if (id !== undefined) ids.push(id);
        else socket.write(`<a xmlns='urn:xmpp:sm:3' h='${ids.length}'/>`);
      unread = unread.slice(last);
      if (ids.length >= count) resolve(ids);
    };
    socket.on("close", () => reject(new Error(`cut behind ${ids.length} messages`)));
    socket.on("data", (bytes: Buffer) => take(bytes.toString("latin1")));
    take(text.slice(text.indexOf("<resumed")));
  });
}

test.each([false, true])("it is sent all of it, in order, as it takes it (TLS: %s)", async (tls) => {
  const juliet = await authenticated("juliet", tls);
  await juliet.bind("balcony");
  juliet.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  const [, id = ""] = /id='([^']*)'/.exec(await juliet.until(/<enabled[^>]*>/)) ?? [];
  juliet.destroy();
  await target.settle("juliet's sleep", () => session("juliet")?.waiting === true);
  const romeo = await authenticated("romeo", false);
  await romeo.bind("orchard");
  const write = (n: number) =>
    romeo.send(`<message to='juliet@${DOMAIN}/balcony' type='chat' id='${n}'><body>${BODY}</body></message>`);
  for (let n = 0; n < MISSED; n++) write(n);
  await target.settle("what juliet misses", () => session("juliet")?.sm?.waiting === MISSED);

  const back = await authenticated("juliet", tls);
  back.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`);
  await back.until(/<resumed[^>]*>/);
  back.socket.pause();
  await target.settle("a full link", () => backlog() > BACKLOG / 8);
  write(MISSED);
  romeo.send("<iq type='get' id='barrier'><ping xmlns='urn:xmpp:ping'/></iq>");
  await romeo.until("barrier");
  expect(session("juliet")?.connection?.stream.writable).toBe(true);
  expect(backlog()).toBeLessThan(BACKLOG / 2);
  const taken = takeAll(back, MISSED + 1);
  back.socket.resume();
  expect(await taken).toEqual(Array.from({ length: MISSED + 1 }, (_, n) => `${n}`));
  back.send(`<a xmlns='urn:xmpp:sm:3' h='${MISSED + 1}'/>`);
  await target.settle("the end of it", () => session("juliet")?.sm?.waiting === 0);
  target.noErrors();
});
