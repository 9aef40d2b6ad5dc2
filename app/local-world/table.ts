// What a started world says at the terminal: a table of its regions, the accounts, and the page's address. Pure.
import type { World } from "../../regions/world.ts";
import type { LocalAccount } from "./demo-accounts.ts";
import type { CheckOutcome } from "./self-check.ts";
import type { SharedServer } from "./shared-services.ts";
import type { NodeStatus, WorldStatus } from "./world-status.ts";

/** Everything there is to say of a world that runs. */
export interface WorldSummary {
  readonly world: World;
  readonly status: WorldStatus;
  readonly accounts: readonly LocalAccount[];
  /** Redis and PostgreSQL, where regions have them. */
  readonly servers: readonly SharedServer[];
  /** Address of the page; undefined where there is none. */
  readonly page: string | undefined;
  readonly data: string;
  readonly nameServer: string;
  /** ms from the beginning. */
  readonly ms: number;
}

/** Columns, each as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** For people. */
export function summaryText(summary: WorldSummary): string {
  const { world, status, accounts, page, servers } = summary;
  const others = status.regions.length - 1;
  // One node is its region: there is nothing to count.
  const several = status.regions.some(({ nodes }) => nodes.length > 1);
  const regions = table([
    ["REGION", "DOMAIN", ...(several ? ["NODES"] : []), "CLIENT", "WEBSOCKET", "S2S", "LINKS UP", "STORE"],
    ...status.regions.map((region) => [
      region.name,
      region.domain,
      ...(several ? [nodesText(region.nodes)] : []),
      String(region.ports.client),
      region.webSocket,
      String(region.ports.server),
      `${region.linksUp} of ${others}`,
      shortStore(region.store, summary.data),
    ]),
  ]);
  const people = table([
    ["ACCOUNT", "PASSWORD"],
    ...accounts.map(({ local, domain, password }) => [`${local}@${domain}`, password]),
  ]);
  return [
    "",
    regions,
    "",
    people,
    "",
    `Chat in the browser   ${page ?? "(no page)"}`,
    `Names and links by    ${summary.nameServer} (DNS), trust ${summary.data}/ca/ca.pem`,
    ...(several ? ["Balancer              HAProxy: the ports above are its, and so each node's"] : []),
    ...servers.map(({ name, url }) => `${name.padEnd(22)}${url}`),
    `State and logs        ${summary.data}`,
    "",
    `${world.name} is up after ${(summary.ms / 1000).toFixed(1)} s. Ctrl-C ends it.`,
  ].join("\n");
}

/** "3", or "2 of 3" where one is away. */
export function nodesText(nodes: readonly NodeStatus[]): string {
  const up = nodes.filter(({ state }) => state === "up").length;
  return up === nodes.length ? String(up) : `${up} of ${nodes.length}`;
}

/** For scripts. */
export function summaryJson(summary: WorldSummary): object {
  const { world, status, accounts, servers, page, data, nameServer, ms } = summary;
  return {
    world: world.name,
    domain: world.domains.global,
    page,
    data,
    nameServer,
    authority: `${data}/ca/ca.pem`,
    ms: Math.round(ms),
    servers,
    regions: status.regions,
    links: status.links,
    accounts: accounts.map(({ region, local, domain, password }) => ({ region, jid: `${local}@${domain}`, password })),
  };
}

/** The self-check, a line for each pair and way. */
export function checkText(outcomes: readonly CheckOutcome[], names: readonly string[]): string {
  const ways = names.flatMap((from) => names.filter((to) => to !== from).map((to) => ({ from, to })));
  const cell = (from: string, to: string, what: CheckOutcome["what"]) => {
    const found = outcomes.find((each) => each.from === from && each.to === to && each.what === what);
    if (found === undefined) return "not tried";
    return found.problem === undefined ? `${found.ms} ms` : `FAILED: ${found.problem}`;
  };
  const between = table([
    ["FROM", "TO", "MESSAGE", "PRESENCE SUBSCRIPTION"],
    ...ways.map(({ from, to }) => [from, to, cell(from, to, "message"), cell(from, to, "presence subscription")]),
  ]);
  const inside = outcomes.filter(({ what }) => what === "message between nodes");
  if (inside.length === 0) return between;
  return ways.length === 0 ? insideText(inside) : `${between}\n\n${insideText(inside)}`;
}

/** Inside the regions: what each node has sent to the others of its region. */
function insideText(outcomes: readonly CheckOutcome[]): string {
  const nodes = [...new Set(outcomes.map(({ from }) => from))];
  const rows = nodes.map((node) => {
    const sent = outcomes.filter(({ from }) => from === node);
    const arrived = sent.filter(({ problem }) => problem === undefined);
    const slowest = Math.max(0, ...arrived.map(({ ms }) => ms));
    return [node, `${arrived.length} of ${sent.length}`, arrived.length === 0 ? "" : `at most ${slowest} ms`];
  });
  return table([["NODE", "MESSAGES TO OTHER NODES", ""], ...rows]);
}

/** A path in the folder, or the name of a database. */
export function shortStore(store: string, folder: string): string {
  if (store.startsWith(`${folder}/`)) return store.slice(folder.length + 1);
  const database = /^postgres(?:ql)?:\/\/.*\/([^/?]+)(?:\?.*)?$/.exec(store)?.[1];
  return database === undefined ? store : `${database} (PostgreSQL)`;
}
