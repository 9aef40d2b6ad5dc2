// Links to other regions: made before anybody sends, watched, made again; and the names that infra's alarms know them by.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { FederationConfig } from "../../contract/contract.ts";
import { measures } from "../../infra/metrics.ts";
import { Ground, message, type TestNode } from "./nodes.ts";

let ground: Ground;

beforeEach(async () => {
  ground = await Ground.lay();
});

afterEach(() => ground.clear());

/** What Prometheus reads of a node: name and labels to value. */
async function metricsOf(node: TestNode): Promise<Map<string, number>> {
  const text = await (await node.running.server.metrics.registry()).metrics();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space), Number(line.slice(space + 1))] as const;
    }),
  );
}

/** Links of a node: up, down. */
async function linksOf(node: TestNode): Promise<readonly (number | undefined)[]> {
  const metrics = await metricsOf(node);
  return [metrics.get(measures.links), metrics.get(measures.linksDown)];
}

const up = (node: TestNode) => () => node.federation.outgoingStatus().some(({ state }) => state === "up");

test("a link is there before anybody sends, is down when the other region is, and comes back by itself", async () => {
  const b = await ground.node("b.test");
  let port = b.port;
  const relay = await ground.relay("b.test", () => port);
  const a = await ground.node("a.test", { links: ["b.test", "a.test"], idleSeconds: 1, keepAliveSeconds: 1 });
  await a.until(up(a), "the link");
  expect(await linksOf(a)).toEqual([1, 0]);
  expect((await metricsOf(a)).get(`meridian_s2s_link_up{domain="b.test"}`)).toBe(1);
  expect(await linksOf(b)).toEqual([0, 0]);
  port = 1;
  relay.cut();
  await a.until(() => a.log.some((line) => line.includes("s2s out failed")), "a failed attempt");
  expect(await linksOf(a)).toEqual([0, 1]);
  port = b.port;
  await a.until(up(a), "the link once more");
  expect(await linksOf(a)).toEqual([1, 0]);
  // Nothing is sent, and the time of idle streams is short: another stream would be closed before so many signs of life.
  const flights = relay.flights.near;
  await a.until(() => relay.flights.near >= flights + 4, "signs of life");
  expect(a.log.join("")).not.toContain("nothing was sent for long");
});

test("a link that breaks is taken up again, though what its peer offers is not waited for, and delivers once", async () => {
  const b = await ground.node("b.test");
  const relay = await ground.relay(b.service, () => b.port);
  const a = await ground.node("a.test", { links: [b.service] });
  const send = (body: string) => a.route(message("x@a.test", `y@${b.service}`, body, body));
  send("m0");
  await b.until(() => b.received.length === 1, "the first message");
  // From then on the stream can be resumed.
  await a.until(() => a.acknowledged, "the first acknowledgement");
  for (let breaks = 1; breaks <= 3; breaks++) {
    // What it acknowledged may be lost with the connection: then it must not come twice.
    send(`m${breaks}`);
    await b.until(() => b.received.length === breaks + 1, "the message");
    relay.cut();
    const resumed = (line: string) => line.includes('"resumed":true');
    await a.until(() => a.log.filter(resumed).length === breaks, `resumption ${breaks}`);
  }
  await a.until(() => a.acknowledged, "acknowledgements");
  expect(b.bodies()).toEqual(["m0", "m1", "m2", "m3"]);
}, 60_000);

test("links change with the configuration, without a restart", async () => {
  const b = await ground.node("b.test");
  const a = await ground.node("a.test", { links: ["nowhere.test"] });
  await a.until(() => a.log.some((line) => line.includes("s2s out failed")), "a failed attempt");
  expect(await linksOf(a)).toEqual([0, 1]);
  a.federation.reload(FederationConfig.parse({ ...a.config.federation, links: ["b.test"] }));
  await a.until(up(a), "the other link");
  expect(await linksOf(a)).toEqual([1, 0]);
  expect(b.federation.incomingStatus()).toMatchObject([{ from: "a.test" }]);
});

test("in a cluster a link is made by the node that its domain pair is pinned to, and by no other", async () => {
  await ground.node("b.test");
  const a = await ground.node("a.test");
  const asked: string[] = [];
  let here = false;
  a.federation.linkWhere((local, remote) => {
    asked.push(`${local} ${remote}`);
    return here;
  });
  const links = FederationConfig.parse({ ...a.config.federation, links: ["b.test"] });
  a.federation.reload(links);
  expect(asked).toContain("a.test b.test");
  expect(a.federation.outgoingStatus()).toEqual([]);
  expect(await linksOf(a)).toEqual([0, 0]);
  here = true;
  a.federation.reload(links);
  await a.until(up(a), "the link");
  expect(await linksOf(a)).toEqual([1, 0]);
});

test("two regions linked to each other need one stream, which is up at both ends", async () => {
  const a = await ground.node("a.test", { links: ["b.test"] });
  const b = await ground.node("b.test");
  b.federation.reload(FederationConfig.parse({ ...b.config.federation, links: ["a.test"] }));
  await a.until(up(a), "the link of a");
  await b.until(up(b), "the link of b");
  expect([await linksOf(a), await linksOf(b)]).toEqual([
    [1, 0],
    [1, 0],
  ]);
});

test("every name that infra watches is one that a node exports", async () => {
  const a = await ground.node("a.test");
  const names = [...(await metricsOf(a)).keys()].map((key) => key.replace(/\{.*/, ""));
  for (const name of Object.values(measures)) expect(names).toContain(name);
});

test("a domain has its own label once it is proven, or named by the operator; the others share one", async () => {
  const policies = [{ domains: ["partner.test", "*.partner.test"] }];
  const a = await ground.node("a.test", { policies, links: ["region.test"] });
  const b = await ground.node("b.test");
  for (let i = 0; i < 300; i++) a.send(`x@made-up-${i}.test`, `lost ${i}`);
  a.send("x@partner.test", "lost");
  await a.until(() => a.received.length === 301, "all given back");
  a.send(`y@${b.service}`, "Hark");
  await b.until(() => b.received.length === 1, "the message");
  const metrics = await metricsOf(a);
  const labels = [...metrics.keys()].flatMap(
    (key) => /^meridian_s2s_returned_total\{domain="(.*)"\}/.exec(key)?.[1] ?? [],
  );
  expect(labels.sort()).toEqual(["other", "partner.test", "region.test", "svc.b.test"]);
  expect(metrics.get(`meridian_s2s_returned_total{domain="other"}`)).toBe(300);
  expect(metrics.get(`meridian_s2s_returned_total{domain="partner.test"}`)).toBe(1);
  expect(metrics.get(`meridian_s2s_stanzas_out_total{domain="svc.b.test"}`)).toBe(1);
});
