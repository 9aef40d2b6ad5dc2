// Tests of the bounds of stanzas step by step: what one step lets in, the next one takes with all that is added between.
import { expect, test } from "@jest/globals";
import {
  ADDED,
  FROM_CLIENTS,
  FROM_CLIENTS_AT_MOST,
  FROM_COMPONENTS,
  FROM_SERVERS,
  type StanzaBounds,
} from "../xmpp/bounds.ts";
import { NodeConfig } from "./contract.ts";
import { StreamLimits, StreamManagementConfig } from "./limits.ts";

function expectRoom(from: StanzaBounds, to: StanzaBounds): void {
  for (const key of ["bytes", "depth", "attributes", "prefixes"] as const)
    expect([key, to[key]]).toEqual([key, Math.max(to[key], from[key] + ADDED[key])]);
}

test("each step takes what the one before lets in, and what is added on the way", () => {
  expectRoom(FROM_CLIENTS, FROM_COMPONENTS);
  expectRoom({ ...FROM_CLIENTS, ...FROM_CLIENTS_AT_MOST }, FROM_COMPONENTS);
  expectRoom(FROM_COMPONENTS, FROM_SERVERS);
});

test("unless configured otherwise clients keep within servers that allow 64 of each", () => {
  expectRoom(FROM_CLIENTS, { bytes: 524_288, depth: 64, attributes: 64, prefixes: 64 });
});

test("one stanza of a server's, as it is written here, fits among what a client may leave unacknowledged", () => {
  expect(StreamManagementConfig.parse(undefined).maxUnackedSize).toBeGreaterThan(FROM_SERVERS.bytes + ADDED.bytes);
  expect(StreamLimits.parse(undefined).backlogBytes).toBeGreaterThan(FROM_SERVERS.bytes + ADDED.bytes);
});

test("stanzas of clients may not be configured larger than servers may send them", () => {
  const node = {
    node: "n",
    hosts: [{ domain: "verona.test" }],
    listeners: [{ kind: "c2s", port: 5222, tls: "none" }],
    storage: { kind: "memory" },
  };
  const mistakes = (limits: object, federation: object) => {
    const { error } = NodeConfig.safeParse({ ...node, limits, federation });
    return error?.issues.map(({ path }) => path.join(".")) ?? [];
  };
  expect(mistakes({ stanzaBytes: 300_000 }, {})).toEqual([]);
  expect(mistakes({ stanzaBytes: 500_000 }, {})).toEqual(["federation.stanzaBytes"]);
  expect(mistakes({}, { stanzaBytes: 262_144 })).toEqual(["federation.stanzaBytes"]);
  expect(mistakes({ stanzaBytes: 500_000 }, { stanzaBytes: 600_000 })).toEqual([]);
});
