// What a started world says at the terminal: a table of its regions, the accounts, and the page's address. Pure.
import type { World } from "../../regions/world.ts";
import type { LocalAccount } from "./demo-accounts.ts";
import type { CheckOutcome } from "./self-check.ts";
import type { WorldStatus } from "./world-status.ts";

/** Everything there is to say of a world that runs. */
export interface WorldSummary {
  readonly world: World;
  readonly status: WorldStatus;
  readonly accounts: readonly LocalAccount[];
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
  const { world, status, accounts, page } = summary;
  const others = status.regions.length - 1;
  const regions = table([
    ["REGION", "DOMAIN", "CLIENT", "WEBSOCKET", "S2S", "LINKS UP", "STORE"],
    ...status.regions.map((region) => [
      region.name,
      region.domain,
      String(region.ports.client),
      region.webSocket,
      String(region.ports.server),
      `${region.linksUp} of ${others}`,
      shortPath(region.store, summary.data),
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
    `State and logs        ${summary.data}`,
    "",
    `${world.name} is up after ${(summary.ms / 1000).toFixed(1)} s. Ctrl-C ends it.`,
  ].join("\n");
}

/** For scripts. */
export function summaryJson({ world, status, accounts, page, data, nameServer, ms }: WorldSummary): object {
  return {
    world: world.name,
    domain: world.domains.global,
    page,
    data,
    nameServer,
    authority: `${data}/ca/ca.pem`,
    ms: Math.round(ms),
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
  return table([
    ["FROM", "TO", "MESSAGE", "PRESENCE SUBSCRIPTION"],
    ...ways.map(({ from, to }) => [from, to, cell(from, to, "message"), cell(from, to, "presence subscription")]),
  ]);
}

function shortPath(path: string, folder: string): string {
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}
