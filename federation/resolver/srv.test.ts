// Which targets a domain's records give: the merge, the refusals, and when A and AAAA may be used.
import { expect, test } from "@jest/globals";
import type { Lookup } from "./client.ts";
import { resolveService } from "./srv.ts";

type Data = Readonly<Record<string, Lookup>>;

function srv(...targets: [priority: number, port: number, target: string][]): Lookup {
  const records = targets.map(([priority, port, target]) => ({
    type: "SRV" as const,
    name: "x",
    data: { priority, weight: 0, port, target },
  }));
  return { kind: "records", records, authenticated: false };
}

const address: Lookup = {
  kind: "records",
  records: [{ type: "A", name: "x", data: "192.0.2.1" }],
  authenticated: false,
};
const servfail: Lookup = { kind: "failed", reason: "server failure" };

async function resolve(domain: string, data: Data) {
  const asked: string[] = [];
  const client = {
    lookup: async (name: string, type: string): Promise<Lookup> => {
      asked.push(`${name} ${type}`);
      return data[`${name} ${type}`] ?? { kind: "none", authenticated: false };
    },
  };
  return { asked, resolution: await resolveService(client, domain, "xmpp-server", () => 0) };
}

const DIRECT = "_xmpps-server._tcp.capulet.test SRV";
const PLAIN = "_xmpp-server._tcp.capulet.test SRV";
const A = "capulet.test A";

test("both kinds of SRV are one list by priority (XEP-0368 §3)", async () => {
  const { resolution } = await resolve("capulet.test", {
    [DIRECT]: srv([20, 5270, "d.capulet.test"]),
    [PLAIN]: srv([10, 5269, "p.capulet.test"], [30, 5269, "q.capulet.test"]),
  });
  expect(resolution).toMatchObject({
    kind: "targets",
    targets: [
      { host: "p.capulet.test", port: 5269, directTls: false },
      { host: "d.capulet.test", port: 5270, directTls: true },
      { host: "q.capulet.test", port: 5269, directTls: false },
    ],
  });
});

test("without any SRV the domain itself on port 5269, if it has an address (RFC 6120 §3.2.2)", async () => {
  const { resolution } = await resolve("capulet.test", { [A]: address });
  expect(resolution).toMatchObject({
    kind: "targets",
    targets: [{ host: "capulet.test", port: 5269, directTls: false }],
  });
  expect((await resolve("capulet.test", {})).resolution.kind).toBe("not-found");
});

test("where SRV exists, A and AAAA are not asked for", async () => {
  const { asked } = await resolve("capulet.test", { [PLAIN]: srv([0, 5269, "p.capulet.test"]), [A]: address });
  expect(asked).toEqual([DIRECT, PLAIN]);
});

test('"." for both, or for one where the other is missing, refuses; A is not tried', async () => {
  for (const data of [
    { [DIRECT]: srv([0, 0, "."]), [PLAIN]: srv([0, 0, "."]) },
    { [PLAIN]: srv([0, 0, "."]) },
    { [DIRECT]: srv([0, 0, "."]) },
    { [PLAIN]: srv([0, 5269, "not a host"]) },
    { [PLAIN]: srv([0, 0, "p.capulet.test"]) },
  ] satisfies Data[]) {
    const { asked, resolution } = await resolve("capulet.test", { ...data, [A]: address });
    expect(resolution).toEqual({ kind: "refused" });
    expect(asked).toEqual([DIRECT, PLAIN]);
  }
});

test('"." for direct TLS leaves STARTTLS, and the other way about', async () => {
  const one = await resolve("capulet.test", { [DIRECT]: srv([0, 0, "."]), [PLAIN]: srv([0, 5269, "p.capulet.test"]) });
  expect(one.resolution).toMatchObject({ targets: [{ directTls: false }] });
  const other = await resolve("capulet.test", {
    [PLAIN]: srv([0, 0, "."]),
    [DIRECT]: srv([0, 5270, "p.capulet.test"]),
  });
  expect(other.resolution).toMatchObject({ targets: [{ directTls: true }] });
});

test("a failed lookup is no proof that there is no SRV: no fall-back to A", async () => {
  for (const failing of [DIRECT, PLAIN]) {
    const { asked, resolution } = await resolve("capulet.test", { [failing]: servfail, [A]: address });
    expect(resolution).toEqual(servfail);
    expect(asked).not.toContain(A);
  }
  const half = await resolve("capulet.test", { [DIRECT]: servfail, [PLAIN]: srv([0, 5269, "p.capulet.test"]) });
  expect(half.resolution.kind).toBe("targets");
  expect((await resolve("capulet.test", { [A]: servfail })).resolution.kind).toBe("failed");
});

test("names go out as A-labels, IP literals stand for themselves, and no-names are not found", async () => {
  expect((await resolve("BÜCHER.test", {})).asked).toContain("_xmpp-server._tcp.xn--bcher-kva.test SRV");
  const v4 = await resolve("192.0.2.7", {});
  expect(v4).toMatchObject({ asked: [], resolution: { targets: [{ host: "192.0.2.7", port: 5269 }] } });
  expect((await resolve("[2001:db8::7]", {})).resolution).toMatchObject({ targets: [{ host: "2001:db8::7" }] });
  for (const domain of ["", "a..b", `${"x".repeat(64)}.test`, "with space.test", "a@b.test", "x".repeat(5000)]) {
    expect(await resolve(domain, {})).toMatchObject({ asked: [], resolution: { kind: "not-found" } });
  }
});

test("at most 32 targets, those of the lowest priority", async () => {
  const many = Array.from({ length: 100 }, (_, i) => [99 - i, 5269, `h${99 - i}.test`] as [number, number, string]);
  const { resolution } = await resolve("capulet.test", { [PLAIN]: srv(...many) });
  if (resolution.kind !== "targets") throw new Error(resolution.kind);
  expect(resolution.targets).toHaveLength(32);
  expect(resolution.targets[31]?.host).toBe("h31.test");
});
