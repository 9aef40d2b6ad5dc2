// Asks HTTP services outside, at addresses that may be dialled, within time and bytes.
import { lookup } from "node:dns/promises";
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request } from "node:http";
import { Agent as HttpsAgent, request as requestTls } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { Dialable, isThisMachine, nameIn, refusedOf } from "../../contract/global-address.ts";
import type { Clock } from "../../xmpp/clock.ts";
import {
  type OutgoingAnswer,
  type OutgoingBounds,
  OutgoingFailed,
  type OutgoingHttp,
  type OutgoingRequest,
} from "../ports/outgoing.ts";

/** What it has of the node. */
export interface OutgoingParts {
  readonly clock: Clock;
  /** The addresses of a name; default: as the system resolves it. */
  readonly addressesOf?: (host: string) => Promise<readonly string[]>;
}

/** ms that a connection is kept for the next question; less than services keep theirs, which must not close under one. */
const IDLE = 4_000;

/** Where `localhost` is. */
const LOOPBACK: readonly string[] = ["127.0.0.1", "::1"];

/** True for a URL that carries what is sent encrypted, or not off this machine. */
export function isKeptFromOthers({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || (protocol === "http:" && isThisMachine(hostname));
}

/** Asks services within these bounds. @throws TypeError for a network that is none */
export function outgoingHttp(bounds: OutgoingBounds, parts: OutgoingParts): OutgoingHttp {
  return new BoundedHttp(bounds, parts);
}

class BoundedHttp implements OutgoingHttp {
  private readonly dialable: Dialable;
  private readonly thisMachine: boolean;
  private readonly timeout: number;
  private readonly answerBytes: number;
  private readonly atOnce: number;
  private readonly clock: Clock;
  private readonly addressesOf: (host: string) => Promise<readonly string[]>;
  private readonly clear = new HttpAgent({ keepAlive: true, timeout: IDLE });
  private readonly encrypted = new HttpsAgent({ keepAlive: true, timeout: IDLE });
  private running = 0;

  constructor(bounds: OutgoingBounds, { clock, addressesOf = systemAddresses }: OutgoingParts) {
    this.dialable = new Dialable(bounds.privateNetworks ?? []);
    this.thisMachine = bounds.thisMachine ?? false;
    this.timeout = bounds.timeout ?? 5_000;
    this.answerBytes = bounds.answerBytes ?? 4_096;
    this.atOnce = bounds.atOnce ?? 64;
    this.clock = clock;
    this.addressesOf = addressesOf;
  }

  async ask(asked: OutgoingRequest): Promise<OutgoingAnswer> {
    const { url } = asked;
    if (!isKeptFromOthers(url)) throw new OutgoingFailed(`${url.host} is asked by https alone`);
    if (this.running >= this.atOnce) throw new OutgoingFailed(`${url.host} is not asked: too much is asked at once`);
    this.running += 1;
    try {
      // An address that stands in the URL is not looked up.
      this.expectDialable(url);
      return await this.exchange(asked);
    } finally {
      this.running -= 1;
    }
  }

  private async exchange({ method, url, headers = {}, body, reads }: OutgoingRequest): Promise<OutgoingAnswer> {
    const [send, agent] = url.protocol === "https:" ? [requestTls, this.encrypted] : [request, this.clear];
    const outgoing = send(url, { method, headers, agent, lookup: this.lookupOf(url) });
    let response: IncomingMessage | undefined;
    let late = false;
    const giveUp = () => {
      late = true;
      outgoing.destroy(new Error("given up"));
    };
    const timer = this.clock.setTimeout(giveUp, this.timeout);
    try {
      response = await answerTo(outgoing, body);
      const { statusCode: status = 0 } = response;
      const read = reads?.(status) === false ? Buffer.alloc(0) : await bounded(response, this.answerBytes);
      return { status, headers: response.headers, body: read };
    } catch (error) {
      if (error instanceof OutgoingFailed) throw error;
      const why = late ? "gave no answer in time" : `could not be asked: ${(error as Error).message}`;
      throw new OutgoingFailed(`${url.host} ${why}`);
    } finally {
      this.clock.clearTimeout(timer);
      // Whatever was not read is not wanted; a connection whose answer was read takes the next question.
      if (response?.complete !== true) outgoing.destroy();
    }
  }

  /** Nothing goes to an address within a private network that was not named. @throws OutgoingFailed */
  private expectDialable(url: URL, found: readonly string[] = []): void {
    if (!this.thisMachine && isThisMachine(url.hostname)) throw new OutgoingFailed(`${url.host} is this machine`);
    const refused = refusedOf(url, this.dialable, found);
    if (refused !== undefined)
      throw new OutgoingFailed(
        `${url.host} is ${refused}, no address of the public Internet, nor in the privateNetworks named for it`,
      );
  }

  /** What is dialled is what was looked at: a second look-up might lead elsewhere. */
  private lookupOf(url: URL): LookupFunction {
    const judged = async (host: string) => {
      // The one name of this machine is not asked of anybody. RFC 6761 §6.3.
      if (nameIn(url) === undefined) return LOOPBACK;
      const found = await this.addressesOf(host);
      if (found.length === 0) throw new Error(`${host} has no address`);
      this.expectDialable(url, found);
      return found;
    };
    return (host, { all }, done) => {
      judged(host).then(
        (found) => {
          const addresses = found.map((address) => ({ address, family: isIP(address) }));
          if (all === true) done(null, addresses);
          else done(null, addresses[0]?.address ?? "", addresses[0]?.family);
        },
        (error: Error) => done(error, []),
      );
    };
  }
}

async function systemAddresses(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/** The answer's head. */
function answerTo(outgoing: ClientRequest, body: string | Buffer | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

async function bounded(response: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > most) throw new Error(`its answer has more than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
