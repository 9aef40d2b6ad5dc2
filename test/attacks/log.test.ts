// A stranger writes the log: by keys of dialback, which are refused at once.
import { afterEach, expect, test } from "@jest/globals";
import { NS_DIALBACK, NS_SERVER } from "../../xmpp/xml/namespaces.ts";
import { DOMAIN, startTarget, type Target } from "./node.ts";
import { header, RawTcp } from "./raw.ts";

let target: Target;
const open: RawTcp[] = [];

afterEach(async () => {
  for (const raw of open.splice(0)) raw.destroy();
  await target.stop();
});

async function server(): Promise<RawTcp> {
  const raw = await RawTcp.connect(target.listeners.find(({ kind }) => kind === "s2s")!.port);
  open.push(raw);
  raw.send(header(DOMAIN, NS_SERVER, "evil.test").replace(" to=", ` xmlns:db='${NS_DIALBACK}' to=`));
  await raw.until("</stream:features>");
  return raw;
}

test.each([
  ["one name", () => "a.test", 10],
  ["many names", (i: number) => `x${i}.test`, 40],
] as const)("refused dialback keys of %s are told a few times, and counted", async (_, name, most) => {
  target = await startTarget();
  let sent = 0;
  for (let stream = 0; stream < 3; stream++) {
    const raw = await server();
    for (let i = 0; i < 50; i++) raw.send(`<db:result from='${name(sent++)}' to='${DOMAIN}'>x</db:result>`);
    for (let i = 0; i < 50; i++) await raw.until("</db:result>");
  }
  const lines = target.log.filter((line) => line.includes('"msg":"dialback refused"'));
  // The others are there for who debugs.
  expect([lines.length, lines.filter((line) => line.includes('"level":30')).length]).toEqual([sent, most]);
  await target.clock.advance(60_000);
  // The streams are refused as well meanwhile: they have proven nothing.
  const left = target.log.filter((line) => /"level":20.*"msg":"(?:dialback|s2s in) refused"/.test(line)).length;
  const [told] = target.log.filter((line) => line.includes("lines about strangers were left out"));
  expect(left).toBeGreaterThanOrEqual(sent - most);
  expect(JSON.parse(told ?? "{}")).toMatchObject({ level: 30, network: "127.0.0", left });
});
