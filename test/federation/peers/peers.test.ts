// Real peers: Debian's Prosody and ejabberd, found by dnsmasq, by certificate and by key, over STARTTLS and direct TLS.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { RunningNode } from "../../../app/node.ts";
import { Client } from "../../../bench/harness/client.ts";
import type { ServerUnderTest } from "../../../bench/harness/server.ts";
import { FederationConfig } from "../../../contract/contract.ts";
import type { Daemon } from "../../harness/daemon.ts";
import { until } from "../../harness/until.ts";
import { Relay } from "../relay.ts";
import { prepareEjabberd, startEjabberd } from "./ejabberd.ts";
import { idsAt, type Load, lostOf } from "./load.ts";
import { OURS, ROMEO, startOurs } from "./ours.ts";
import { type PeerSetup, prepareProsody, startProsody } from "./prosody.ts";
import { meet } from "./room.ts";
import { HEART, JULIET, missing, PASSWORD, Papers, type Pem, type Place, ports, startDns } from "./site.ts";

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
    return juliet;
  }

  async function availableJulietOf(product: string, domain: string, local = JULIET): Promise<Client> {
    const juliet = await julietOf(product, domain, local);
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
      const [romeo, juliet] = await Promise.all([romeoOf(method), availableJulietOf(name, domain)]);
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
          const [romeo, juliet] = await Promise.all([romeoOf(method), availableJulietOf(name, domain)]);
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
      const [romeo, juliet] = await Promise.all([romeoOf(method), availableJulietOf(name, domain)]);
      await meet(romeo, juliet, `ball-${method}@rooms.${name}.test`);
      romeo.destroy();
      juliet.destroy();
    },
    30_000,
  );

  test.each(PRODUCTS.map(({ name }) => name))(
    "addresses that only one side allows, with %s: nobody else's messages are lost, doubled or returned",
    async (name) => {
      const domain = domainOf(name, "external", "starttls");
      const [romeo, juliet] = await Promise.all([romeoOf("external"), availableJulietOf(name, domain)]);
      const heart = await availableJulietOf(name, domain, HEART);
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
      const came = () => [atRomeo, atJuliet, atHeart].map(({ came, errors }) => `${came.length} and ${errors.length}`);
      await until(
        () => `messages and errors that came: ${came()}`,
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
        await until(`${id} on both sides`, () => atRomeo.came.includes(id) && atJuliet.came.includes(id));
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

  /** Load on a peer that something happens to; resolves with what is lost. */
  async function loadOf(name: string, disturbance: Pick<Load, "disturb" | "restart" | "killed">): Promise<string[]> {
    const { federation } = node;
    if (federation === undefined) throw new Error("no federation");
    const to = domainOf(name, "external", "starttls");
    return lostOf({
      ...disturbance,
      federation,
      from: OURS.external,
      to,
      total: 400,
      romeo: await romeoOf("external"),
      juliet: `${JULIET}@${to}`,
      julietLogsIn: () => julietOf(name, to),
    });
  }

  test.each(PRODUCTS.map(({ name, start }) => [name, start] as const))(
    "%s is killed under load and comes back: every message is delivered, given back, or was acknowledged by it before",
    async (name, start) => {
      const disturb = async (sent: number) => {
        if (sent === 150) await daemons.get(name)?.stop("SIGKILL");
      };
      expect(await loadOf(name, { disturb, restart: () => run(name, start), killed: true })).toEqual([]);
    },
    150_000,
  );

  test.each(PRODUCTS.map(({ name }) => name))(
    "the network to %s is cut under load: every message is delivered or given back",
    async (name) => {
      const disturb = async (sent: number) => {
        if (sent % 100 === 50) relays.get(domainOf(name, "external", "starttls"))?.cut();
      };
      expect(await loadOf(name, { disturb })).toEqual([]);
    },
    150_000,
  );

  test.each(PRODUCTS.map(({ name, start }) => [name, start] as const))(
    "%s is restarted in order under load: every message is delivered or given back",
    async (name, start) => {
      const disturb = async (sent: number) => {
        if (sent === 150) await daemons.get(name)?.stop("SIGTERM");
      };
      expect(await loadOf(name, { disturb, restart: () => run(name, start) })).toEqual([]);
    },
    150_000,
  );
});
