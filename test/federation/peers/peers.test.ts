// Real peers: Debian's Prosody and ejabberd, found by dnsmasq, by certificate and by key, over STARTTLS and direct TLS.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type RunningNode, startNode } from "../../../app/node.ts";
import { Client } from "../../../bench/harness/client.ts";
import type { ServerUnderTest } from "../../../bench/harness/server.ts";
import { FederationConfig } from "../../../server/config/contract.ts";
import { check, createLog, NodeConfig } from "../../../server/index.ts";
import type { Daemon } from "../../harness/daemon.ts";
import { Relay } from "../relay.ts";
import { prepareEjabberd, startEjabberd } from "./ejabberd.ts";
import { type PeerSetup, prepareProsody, startProsody } from "./prosody.ts";
import { meet } from "./room.ts";
import {
  DNS_ADDRESS,
  HEART,
  JULIET,
  missing,
  PASSWORD,
  Papers,
  type Pem,
  type Place,
  ports,
  startDns,
} from "./site.ts";

const ROMEO = "romeo";
/** Ours: a certificate that peers believe, and one that they do not. */
const OURS = { external: "external.ours.test", dialback: "dialback.ours.test" } as const;
type Method = keyof typeof OURS;

interface Product {
  readonly name: string;
  readonly prepare: (setup: PeerSetup) => void;
  readonly start: (setup: PeerSetup) => Promise<Daemon>;
}

const PRODUCTS: readonly Product[] = [
  { name: "prosody", prepare: prepareProsody, start: startProsody },
  { name: "ejabberd", prepare: prepareEjabberd, start: startEjabberd },
];

const WAYS = ["starttls", "direct"] as const;
const domainOf = (product: string, method: Method, way: string) => `${method}-${way}.${product}.test`;

const lacking = missing();
const only = lacking === undefined ? describe : describe.skip;

only(`real peers${lacking ?? ""}`, () => {
  const setups = new Map<string, PeerSetup>();
  const daemons = new Map<string, Daemon>();
  const relays = new Map<string, Relay>();
  let dns: Daemon;
  let node: RunningNode;

  beforeAll(async () => {
    const papers = new Papers();
    const [c2s = 0, s2s = 0, direct = 0] = await ports(3);
    const places: Place[] = [];
    for (const { name, prepare } of PRODUCTS) {
      const [c2sPort = 0, s2sPort = 0, directPort = 0] = await ports(3);
      const rooms = `rooms.${name}.test`;
      const hosts: { domain: string; pem: Pem }[] = [];
      for (const method of ["external", "dialback"] as const)
        for (const way of WAYS) {
          const domain = domainOf(name, method, way);
          const names = hosts.length === 0 ? [domain, rooms] : [domain];
          hosts.push({ domain, pem: papers.issue(names, method === "external") });
          const relay = await Relay.to(() => (way === "direct" ? directPort : s2sPort));
          relays.set(domain, relay);
          places.push({ domain, port: relay.port, direct: way === "direct" });
        }
      places.push({ domain: rooms, port: s2sPort, direct: false });
      const setup = {
        folder: papers.room(name),
        authority: papers.authority,
        c2sPort,
        s2sPort,
        directPort,
        hosts,
        rooms,
      };
      prepare(setup);
      setups.set(name, setup);
    }
    for (const domain of Object.values(OURS)) {
      places.push({ domain, port: s2s, direct: false });
      places.push({ domain, port: direct, direct: true });
    }
    dns = await startDns(places);
    node = await startOurs(papers, c2s, s2s, direct);
    await Promise.all(PRODUCTS.map(({ name, start }) => run(name, start)));
  }, 60_000);

  afterAll(async () => {
    for (const daemon of daemons.values()) await daemon.stop("SIGKILL");
    await node?.stop();
    for (const relay of relays.values()) relay.close();
    await dns?.stop("SIGTERM");
  }, 30_000);

  async function run(name: string, start: Product["start"]): Promise<void> {
    const setup = setups.get(name);
    if (setup !== undefined) daemons.set(name, await start(setup));
  }

  async function startOurs(papers: Papers, c2s: number, s2s: number, direct: number): Promise<RunningNode> {
    const input = {
      node: "ours",
      hosts: (["external", "dialback"] as const).map((method) => {
        const { certificate, key } = papers.issue([OURS[method]], method === "external");
        return { domain: OURS[method], certificate: { certificate, key } };
      }),
      listeners: [
        { kind: "c2s", port: c2s, tls: "none" },
        { kind: "s2s", port: s2s, tls: "starttls" },
        { kind: "s2s", port: direct, tls: "direct" },
      ],
      storage: { kind: "memory" },
      authentication: { plainWithoutTls: true, requireTls: false, scramIterations: 4096 },
      federation: {
        dnsServers: [`${DNS_ADDRESS}:53`],
        trustedAuthorities: [papers.authority],
        publicAuthorities: false,
        // Each domain pair on a stream of its own, so that each way to prove it is tried.
        maxDomainsPerStream: 1,
      },
    };
    const level = process.env.PEERS_LOG ?? "silent";
    const started = await startNode(check(NodeConfig, input, "test"), {
      log: createLog(level, { region: "t", node: "ours" }),
    });
    for (const domain of Object.values(OURS)) await started.server.accounts.create(domain, ROMEO, PASSWORD);
    return started;
  }

  function clientOf(name: string, domain: string, port: number): Client {
    return new Client({ name, domain, port } as unknown as ServerUnderTest);
  }

  async function romeoOf(method: Method): Promise<Client> {
    const port = node.listeners.find(({ kind }) => kind === "c2s")?.port ?? 0;
    const romeo = clientOf("ours", OURS[method], port);
    await romeo.login(ROMEO, PASSWORD, "PLAIN");
    await romeo.becomeAvailable();
    return romeo;
  }

  async function julietOf(product: string, domain: string, local = JULIET): Promise<Client> {
    const juliet = clientOf(product, domain, setups.get(product)?.c2sPort ?? 0);
    await juliet.login(local, PASSWORD, "PLAIN");
    await juliet.becomeAvailable();
    return juliet;
  }

  const cases = PRODUCTS.flatMap(({ name }) =>
    (["external", "dialback"] as const).flatMap((method) => WAYS.map((way) => [name, method, way] as const)),
  );

  test.each(cases)(
    "%s by %s over %s: messages, a subscription and disco, each direction",
    async (name, method, way) => {
      const domain = domainOf(name, method, way);
      const [romeo, juliet] = await Promise.all([romeoOf(method), julietOf(name, domain)]);
      const [ours, theirs] = [`${ROMEO}@${OURS[method]}`, `${JULIET}@${domain}`];
      romeo.send(`<message to='${juliet.jid}' type='chat' id='m1'><body>Hark</body></message>`);
      expect(await juliet.until(/<message[^>]*>.*?<\/message>/)).toContain("Hark");
      juliet.send(`<message to='${romeo.jid}' type='chat' id='m2'><body>Ay me</body></message>`);
      expect(await romeo.until(/<message[^>]*>.*?<\/message>/)).toContain("Ay me");
      romeo.send(`<presence to='${theirs}' type='subscribe'/>`);
      await juliet.until(/<presence[^>]*type=.subscribe.[^>]*>/);
      juliet.send(`<presence to='${ours}' type='subscribed'/>`);
      await romeo.until(/<presence[^>]*type=.subscribed.[^>]*>/);
      juliet.send(`<presence to='${ours}' type='subscribe'/>`);
      await romeo.until(/<presence[^>]*type=.subscribe.[^>]*>/);
      romeo.send(`<presence to='${theirs}' type='subscribed'/>`);
      await juliet.until(/<presence[^>]*type=.subscribed.[^>]*>/);
      const disco = (to: string) =>
        `<iq type='get' id='disco-1' to='${to}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`;
      romeo.send(disco(domain));
      expect(await romeo.until(/<iq[^>]*id=.disco-1.[^>]*>.*?<\/iq>/)).toContain("category=");
      juliet.send(disco(OURS[method]));
      expect(await juliet.until(/<iq[^>]*id=.disco-1.[^>]*>.*?<\/iq>/)).toContain("category=");
      const status = node.federation?.outgoingStatus().find(({ to, from }) => to === domain && from === OURS[method]);
      expect(status?.state).toBe("up");
      // Over our own stream the method is known; over theirs (XEP-0288) they proved themselves the same way.
      if (status?.method !== "incoming") expect(status?.method).toBe(method);
      romeo.destroy();
      juliet.destroy();
    },
    30_000,
  );

  test.each(PRODUCTS.map(({ name }) => name))(
    "domain pairs share streams with %s as far as it lets them",
    async (name) => {
      const { federation, server } = node;
      federation?.reload(FederationConfig.parse({ ...server.config.federation, maxDomainsPerStream: 100 }));
      for (const method of ["external", "dialback"] as const)
        for (const way of WAYS) {
          const domain = domainOf(name, method === "external" ? "dialback" : "external", way);
          const [romeo, juliet] = await Promise.all([romeoOf(method), julietOf(name, domain)]);
          romeo.send(`<message to='${juliet.jid}' type='chat' id='p'><body>Once more</body></message>`);
          expect(await juliet.until(/<message[^>]*>.*?<\/message>/)).toContain("Once more");
          romeo.destroy();
          juliet.destroy();
        }
      federation?.reload(server.config.federation);
    },
    150_000,
  );

  test.each(
    PRODUCTS.flatMap(({ name }) => (["external", "dialback"] as const).map((method) => [name, method] as const)),
  )(
    "a room of %s, by %s: our user joins, is seen, speaks, hears others, and asks what it is",
    async (name, method) => {
      const domain = domainOf(name, method, "starttls");
      const [romeo, juliet] = await Promise.all([romeoOf(method), julietOf(name, domain)]);
      await meet(romeo, juliet, `ball-${method}@rooms.${name}.test`);
      romeo.destroy();
      juliet.destroy();
    },
    30_000,
  );

  /** The ids of messages that a client gets, errors apart. */
  function idsAt(client: Client): { readonly came: string[]; readonly errors: string[] } {
    const came: string[] = [];
    const errors: string[] = [];
    client.onText = (text) => {
      for (const [head, id] of text.matchAll(/<message[^>]*\sid=.(\w+)[^>]*/g))
        (/type=.error/.test(head) ? errors : came).push(id ?? "");
    };
    return { came, errors };
  }

  test.each(PRODUCTS.map(({ name }) => name))(
    "addresses that only one side allows, with %s: nobody else's messages are lost, doubled or returned",
    async (name) => {
      const domain = domainOf(name, "external", "starttls");
      const [romeo, juliet] = await Promise.all([romeoOf("external"), julietOf(name, domain)]);
      const heart = await julietOf(name, domain, HEART);
      const [atRomeo, atJuliet, atHeart] = [idsAt(romeo), idsAt(juliet), idsAt(heart)];
      const ids = Array.from({ length: 40 }, (_, i) => `n${i}`);
      const say = (client: Client, to: string, id: string) =>
        client.send(`<message to='${to}' type='chat' id='${id}'><body>${id}</body></message>`);
      for (const [i, id] of ids.entries()) {
        // U+FFFD: RFC 3920 prohibits it in a resource, RFC 7622 does not.
        if (i % 10 === 5) say(romeo, `${JULIET}@${domain}/&#xfffd;`, `odd${i}`);
        if (i % 10 === 5) say(heart, romeo.jid, `odd${i}`);
        say(romeo, juliet.jid, id);
        say(juliet, romeo.jid, id);
      }
      await until(
        () =>
          atRomeo.came.length >= 40 &&
          atJuliet.came.length >= 40 &&
          atHeart.errors.length >= 4 &&
          atRomeo.errors.length >= 4,
      );
      // What was sent last has crossed: whatever was sent twice, or returned, has come.
      for (const id of ["last1", "last2"]) {
        say(romeo, juliet.jid, id);
        say(juliet, romeo.jid, id);
        await until(() => atRomeo.came.includes(id) && atJuliet.came.includes(id));
      }
      expect(atRomeo.came.sort()).toEqual([...ids, "last1", "last2"].sort());
      expect(atJuliet.came.sort()).toEqual([...ids, "last1", "last2"].sort());
      expect(atJuliet.errors).toEqual([]);
      expect(atHeart.errors.sort()).toEqual(["odd15", "odd25", "odd35", "odd5"]);
      expect(atRomeo.errors.sort()).toEqual(["odd15", "odd25", "odd35", "odd5"]);
      for (const client of [romeo, juliet, heart]) client.destroy();
    },
    60_000,
  );

  async function until(met: () => boolean): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!met() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** Sends numbered messages; resolves with those that neither arrived nor came back. */
  async function loadOf(
    name: string,
    total: number,
    disturb: (sent: number) => Promise<void>,
    after: () => Promise<void>,
  ) {
    const domain = domainOf(name, "external", "starttls");
    const romeo = await romeoOf("external");
    let juliet = await julietOf(name, domain);
    const seen = new Set<string>();
    const returned = new Set<string>();
    const collect = (set: Set<string>) => (text: string) => {
      for (const [, id] of text.matchAll(/<message[^>]*\sid=.(n[0-9]+)./g)) if (id !== undefined) set.add(id);
    };
    juliet.onText = collect(seen);
    romeo.onText = collect(returned);
    for (let i = 0; i < total; i++) {
      romeo.send(`<message to='${JULIET}@${domain}' type='chat' id='n${i}'><body>${i}</body></message>`);
      await disturb(i);
      if (i % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await after();
    juliet.destroy();
    juliet = await julietOf(name, domain);
    juliet.onText = collect(seen);
    node.federation?.reset(domain);
    const lost = () =>
      Array.from({ length: total }, (_, i) => `n${i}`).filter((id) => !seen.has(id) && !returned.has(id));
    const deadline = Date.now() + 60_000;
    while (lost().length > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    romeo.destroy();
    juliet.destroy();
    return lost();
  }

  test.each(PRODUCTS.map(({ name, start }) => [name, start] as const))(
    "%s is killed under load and comes back: every message is delivered or given back",
    async (name, start) => {
      const kill = async (sent: number) => {
        if (sent === 150) await daemons.get(name)?.stop("SIGKILL");
      };
      expect(await loadOf(name, 400, kill, () => run(name, start))).toEqual([]);
    },
    150_000,
  );

  test.each(PRODUCTS.map(({ name }) => name))(
    "the network to %s is cut under load: every message is delivered or given back",
    async (name) => {
      const cut = async (sent: number) => {
        if (sent % 100 === 50) relays.get(domainOf(name, "external", "starttls"))?.cut();
      };
      expect(await loadOf(name, 400, cut, async () => {})).toEqual([]);
    },
    150_000,
  );

  test.each(PRODUCTS.map(({ name, start }) => [name, start] as const))(
    "%s is restarted in order under load: every message is delivered or given back",
    async (name, start) => {
      const restart = async (sent: number) => {
        if (sent === 150) await daemons.get(name)?.stop("SIGTERM");
      };
      expect(await loadOf(name, 400, restart, () => run(name, start))).toEqual([]);
    },
    150_000,
  );
});
