// A client whose records the test makes: OpenSSL makes its handshake, and reads what comes.
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect, type TLSSocket } from "node:tls";
import { APPLICATION_DATA, HANDSHAKE, inner, OVERHEAD, sealInner } from "../../xmpp/tls/protection.ts";
import { type Suite, suiteOf } from "../../xmpp/tls/suites.ts";
import { TrafficKeys } from "../../xmpp/tls/traffic-keys.ts";

const SUITE = "TLS_AES_128_GCM_SHA256";

/** A client behind its handshake: its connection, what OpenSSL reads of it, and the keys of what it sends. */
export interface HostileClient {
  readonly raw: Socket;
  readonly client: TLSSocket;
  readonly keys: TrafficKeys;
}

/** A stream for a client's TLS to stand on, and the connection that what comes from there is read into it. */
export function overDuplex(port: number, write: (chunk: Buffer) => void): { below: Duplex; raw: Socket } {
  const raw = connectTcp({ port, host: "127.0.0.1", noDelay: true });
  const below = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      write(chunk);
      done();
    },
  });
  raw.on("data", (chunk) => below.push(chunk)).on("error", () => {});
  return { below, raw };
}

/** Connects and makes the handshake. Destroying `raw` ends all of it. */
export async function hostileClient(port: number, servername?: string): Promise<HostileClient> {
  let secret = Buffer.alloc(0);
  const { below, raw } = overDuplex(port, (chunk) => void raw.write(chunk));
  const name = servername === undefined ? {} : { servername };
  const client = connect({ socket: below, rejectUnauthorized: false, ciphers: SUITE, ...name });
  client.on("error", () => {});
  client.on("keylog", (line: Buffer) => {
    const [label, , value = ""] = line.toString().trim().split(" ");
    if (label === "CLIENT_TRAFFIC_SECRET_0") secret = Buffer.from(value, "hex");
  });
  await once(client, "secureConnect");
  return { raw, client, keys: new TrafficKeys(suiteOf(SUITE) as Suite, secret) };
}

/** A record of any content, type and bytes of padding. */
export function record(
  keys: TrafficKeys,
  content: string | Uint8Array,
  type: number = APPLICATION_DATA,
  padding = 0,
): Buffer {
  const length = Buffer.from(content).copy(inner);
  inner[length] = type;
  inner.fill(0, length + 1, length + 1 + padding);
  const out = Buffer.alloc(length + padding + OVERHEAD);
  sealInner(keys, length + 1 + padding, out, 0);
  return out;
}

/** A KeyUpdate that asks for none (0) or one (1) in return, and the keys behind it. RFC 8446 §4.6.3. */
export function changedKeys(keys: TrafficKeys, asked = 0): Buffer {
  const bytes = record(keys, Buffer.from([24, 0, 0, 1, asked]), HANDSHAKE);
  keys.update();
  return bytes;
}
