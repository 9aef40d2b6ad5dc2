// Small pure parts of the local world: back-off, log lines, tables, the state of links, options.
import { expect, test } from "@jest/globals";
import { backoffDelay } from "./backoff.ts";
import type { ReportedLink } from "./node-process.ts";
import { resolveStart } from "./options.ts";
import { chatPolicy, isOwnHost } from "./page/policy.ts";
import { anyPorts } from "./ports.ts";
import { shortLine } from "./region-log.ts";
import { checkText, table } from "./table.ts";
import { pairState, type RegionStatus } from "./world-status.ts";

test("back-off doubles from a quarter of a second to half a minute, with jitter below the ceiling", () => {
  expect([1, 2, 3, 4].map((failures) => backoffDelay(failures, 1))).toEqual([250, 500, 1000, 2000]);
  expect(backoffDelay(50, 1)).toBe(30_000);
  expect(backoffDelay(3, 0)).toBe(500);
});

test.each([
  ['{"level":40,"time":"t","region":"us","node":"us-1","peer":"1.2.3.4","msg":"slow"}', "warn  slow (peer: 1.2.3.4)"],
  ['{"level":50,"msg":"broke","err":{"message":"no disk"}}', "error broke (no disk)"],
  ["TypeError: not JSON", "TypeError: not JSON"],
  ['{"level":30,"msg":"a\\u001b[31mred"}', "info  a·[31mred"],
  ["{broken", "{broken"],
  [
    '{"level":40,"from":"us.a.test","to":"typo.test","state":"resolving","reason":"typo.test has no SRV record for xmpp-server and no address","rule":"the general settings","msg":"s2s out failed"}',
    "warn  typo.test has no SRV record for xmpp-server and no address",
  ],
  [
    '{"level":40,"from":"us.a.test","to":"b.test","state":"connecting","reason":"no address answers","msg":"s2s out failed"}',
    "warn  b.test cannot be reached (no address answers)",
  ],
])("%j is told as %j", (line, text) => expect(shortLine(line)?.text).toBe(text));

test("an empty line is none", () => expect(shortLine("  ")).toBeUndefined());

test("columns are as wide as their widest cell", () => {
  expect(table([["A", "LONG"], ["longer", "b"]])).toBe("A       LONG\nlonger  b"); // biome-ignore format: as printed
});

test("a check that failed says why, in its place", () => {
  const outcome = { from: "us", to: "eu", ms: 3 } as const;
  const text = checkText(
    [
      { ...outcome, what: "message", problem: undefined },
      { ...outcome, what: "presence subscription", problem: "late" },
    ],
    ["us", "eu"],
  );
  expect(text).toContain("us    eu  3 ms       FAILED: late");
  expect(text).toContain("eu    us  not tried  not tried");
});

const region = (name: string, links: readonly ReportedLink[], state: RegionStatus["state"] = "up"): RegionStatus => ({
  name,
  domain: `${name}.test`,
  state,
  ports: anyPorts,
  sessions: 0,
  links,
  store: "",
  restarts: 0,
  nodes: [],
});
const link = (domain: string, direction: "in" | "out", state: ReportedLink["state"] = "up") =>
  ({ domain, direction, state }) as const;

test("a pair is up when stanzas go both ways, whoever says so", () => {
  expect(pairState(region("a", [link("b.test", "out"), link("b.test", "in")]), region("b", []))).toBe("up");
  expect(pairState(region("a", [link("b.test", "out")]), region("b", [link("a.test", "out")]))).toBe("up");
  expect(pairState(region("a", [link("b.test", "out")]), region("b", []))).toBe("down");
  expect(pairState(region("a", [link("b.test", "out")]), region("b", [link("a.test", "out", "connecting")]))).toBe(
    "connecting",
  );
  expect(pairState(region("a", [link("b.test", "out"), link("b.test", "in")]), region("b", [], "restarting"))).toBe(
    "down",
  );
});

test("options choose the world and its folder", () => {
  const names = (flags: object) => resolveStart(flags, { XDG_DATA_HOME: "/x" }).world.regions.map(({ name }) => name);
  expect(names({})).toEqual(["us", "eu", "ap"]);
  expect(names({ regions: 2 })).toEqual(["us", "eu"]);
  expect(names({ regions: 5 })).toHaveLength(5);
  expect(names({ regions: 7 })).toHaveLength(7);
  expect(resolveStart({ regions: 5 }, {}).world.rollout.canary).not.toBe("an");
  expect(resolveStart({}, { XDG_DATA_HOME: "/x" }).data).toBe("/x/meridian/local-3");
  expect(() => resolveStart({ regions: 8 })).toThrow("--regions 8: expected 1 to 7");
});

test("the page answers to its own names alone, and lets the chat reach the regions alone", () => {
  expect([isOwnHost("127.0.0.1:1", 1), isOwnHost("localhost:1", 1)]).toEqual([true, true]);
  for (const host of [undefined, "", "evil.test:1", "127.0.0.1", "127.0.0.1:2", "127.0.0.1:1.evil.test"])
    expect(isOwnHost(host, 1)).toBe(false);
  expect(chatPolicy(["ws://127.0.0.1:15380/xmpp-websocket"])).toContain("connect-src 'self' ws://127.0.0.1:15380;");
});
