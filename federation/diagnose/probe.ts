// What answers at a place where no XMPP stream came about: seen from the first octets that come back.
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Clock } from "../../xmpp/clock.ts";
import { dnsName } from "../resolver/name.ts";

/** What was found. */
export type Answering =
  | "xmpp"
  /** TLS from the first octet, of a version we speak. XEP-0368. */
  | "direct TLS"
  | "old TLS"
  | "HTTP"
  | "another protocol"
  | "silence"
  | "reset"
  | "nothing";

/** ms that each question may take. */
const PATIENCE = 2_000;
/** Octets that tell protocols apart. */
const ENOUGH = 8;

/** Who to ask, in whose name. */
export interface Place {
  readonly address: string;
  readonly port: number;
  readonly domain: string;
}

/** Asks in clear, then by TLS where the answer leaves that open. Never rejects. */
export async function whatAnswers(place: Place, clock: Clock): Promise<Answering> {
  const clear = await firstOctets(connectTcp({ host: place.address, port: place.port }), place.domain, clock);
  if (clear === "refused") return "nothing";
  const said = typeof clear === "string" ? "" : clear.toString("latin1");
  if (/^\s*(?:<\?xml|<stream:)/.test(said)) return "xmpp";
  if (said.startsWith("HTTP/")) return "HTTP";
  // A TLS alert, or a server that waits for a handshake, or ends what is none.
  const hello = await handshake(place, clock);
  if (hello !== undefined) return hello;
  if (clear === "reset") return "reset";
  return said === "" ? "silence" : "another protocol";
}

/** The first octets that a server sends to a stream header; why none came otherwise. */
function firstOctets(socket: Socket, domain: string, clock: Clock): Promise<Buffer | "refused" | "reset" | "silence"> {
  return new Promise((resolve) => {
    let connected = false;
    let octets = Buffer.alloc(0);
    const settle = (why: "refused" | "reset" | "silence") => {
      clock.clearTimeout(timer);
      socket.destroy();
      resolve(octets.length > 0 ? octets : why);
    };
    const timer = clock.setTimeout(() => settle(connected ? "silence" : "refused"), PATIENCE);
    socket.once("connect", () => {
      connected = true;
      const xmlns = "xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'";
      socket.write(`<?xml version='1.0'?><stream:stream ${xmlns} to='${domain}' version='1.0'>`);
    });
    socket.on("data", (data: Buffer) => {
      octets = Buffer.concat([octets, data]);
      if (octets.length >= ENOUGH) settle("silence");
    });
    socket.on("error", () => settle(connected ? "reset" : "refused"));
    socket.on("close", () => settle(connected ? "reset" : "refused"));
  });
}

/** Whether TLS is spoken there, by us or only by older rules; undefined for none. */
async function handshake(
  { address, port, domain }: Place,
  clock: Clock,
): Promise<"direct TLS" | "old TLS" | undefined> {
  const servername = dnsName(domain);
  const settings = { host: address, port, rejectUnauthorized: false, ...(servername !== undefined && { servername }) };
  const old = { minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
  const shakes = (more: object) =>
    new Promise<boolean | "silence">((resolve) => {
      const socket = connectTls({ ...settings, ...more });
      const settle = (done: boolean | "silence") => {
        clock.clearTimeout(timer);
        socket.destroy();
        resolve(done);
      };
      const timer = clock.setTimeout(() => settle("silence"), PATIENCE);
      socket.once("secureConnect", () => settle(true));
      socket.on("error", () => settle(false));
      socket.on("close", () => settle(false));
    });
  const today = await shakes({ minVersion: "TLSv1.2" });
  if (today === "silence") return undefined;
  if (today) return "direct TLS";
  return (await shakes(old)) === true ? "old TLS" : undefined;
}
