// What a node's configuration must be as a whole, beyond the form of each setting: every mistake with its path.
import { ADDED } from "../xmpp/bounds.ts";
import { Looked } from "./looked.ts";
import { plainAddress } from "./networks.ts";

type LookedListener = Looked["listeners"][number];

/** Where a mistake is, and what it is. */
export interface Mistake {
  readonly path: (string | number)[];
  readonly message: string;
}

/** Every mistake of a configuration beyond the form of each setting; one that is malformed is passed over. */
export function mistakesOf(given: unknown): Mistake[] {
  const { data: config } = Looked.safeParse(given);
  if (config === undefined) return [];
  return [...domainMistakes(config), ...listenerMistakes(config), ...clusterMistakes(config), ...boundMistakes(config)];
}

/** A key that one node made is asked back at any other. XEP-0185 §3. */
function* clusterMistakes({ cluster, federation }: Looked): Generator<Mistake> {
  if (cluster !== undefined && federation.enabled && federation.dialbackSecret === undefined)
    yield {
      path: ["federation", "dialbackSecret"],
      message: "the nodes of a cluster need one that they share, so that each can verify the keys of the others",
    };
}

/** A domain is served once: by a host or by a component. */
function* domainMistakes({ hosts, components }: Looked): Generator<Mistake> {
  const served = new Map<string, string>();
  for (const [kind, list] of Object.entries({ hosts, components }))
    for (const [i, { domain }] of list.entries()) {
      if (domain === undefined) continue;
      const before = served.get(domain);
      const place = `${kind}[${i}]`;
      if (before === undefined) served.set(domain, place);
      else yield { path: [kind, i, "domain"], message: `${domain} is served by ${before} already` };
    }
}

function* listenerMistakes({ hosts, listeners }: Looked): Generator<Mistake> {
  const certified = hosts.some(({ certificate }) => certificate !== undefined && certificate !== null);
  for (const [i, listener] of listeners.entries()) {
    const path = ["listeners", i];
    const before = listeners.slice(0, i).findIndex((other) => collide(listener, other));
    if (before >= 0)
      yield { path: [...path, "port"], message: `${listener.port} is taken by listeners[${before}] already` };
    if (!certified && (listener.tls === "direct" || listener.tls === true))
      yield { path: [...path, "tls"], message: "direct TLS needs a host with a certificate" };
    if (listener.directTls === true && listener.tls !== true)
      yield { path: [...path, "directTls"], message: "needs `tls: true` beside it" };
    if (listener.kind === "metrics" && listener.exposed !== true && !isLoopback(listener.address))
      yield { path: [...path, "address"], message: "metrics beyond loopback need `exposed: true`" };
  }
}

/** What is not acknowledged is kept beside what waits for its reader: together they are what one reader may cost. */
function* boundMistakes({ limits, streamManagement, federation }: Looked): Generator<Mistake> {
  const least = limits.stanzaBytes + ADDED.bytes;
  if (federation.enabled && federation.stanzaBytes < least)
    yield {
      path: ["federation", "stanzaBytes"],
      message: `at least ${least}: limits.stanzaBytes, and what is added to a stanza on its way to another region`,
    };
  if (streamManagement.maxUnackedSize > 0.75 * limits.backlogBytes)
    yield { path: ["streamManagement", "maxUnackedSize"], message: "at most three quarters of limits.backlogBytes" };
}

/** Whether the system would refuse the second of them. Port 0 is another one each time. */
function collide(a: LookedListener, b: LookedListener): boolean {
  if (a.port === 0 || a.port !== b.port) return false;
  const [one, other] = [plainAddress(a.address).toLowerCase(), plainAddress(b.address).toLowerCase()];
  // `::` takes IPv4 as well; `0.0.0.0` all of IPv4.
  return one === other || covers(one, other) || covers(other, one);
}

function covers(wildcard: string, address: string): boolean {
  // RFC 6761 §6.3: one of the two, and which is the machine's to say.
  if (wildcard === "localhost") return address === "127.0.0.1" || address === "::1";
  return wildcard === "::" || (wildcard === "0.0.0.0" && !address.includes(":"));
}

function isLoopback(address: string): boolean {
  const plain = plainAddress(address);
  return plain === "localhost" || plain === "::1" || /^127(\.\d+){3}$/.test(plain);
}
