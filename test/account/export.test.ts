// All that is kept of an account goes to whoever leaves with it: by the node that runs, and from the store of one that does not.
import { afterAll, afterEach, beforeEach, expect, test } from "@jest/globals";
import type { ExportedRecord } from "../../server/index.ts";
import { OperatedNode } from "./node.ts";

const DOMAIN = "verona.test";
const ROMEO = `romeo@${DOMAIN}`;
/** Eight of them are more than a socket takes at once. */
const NOTES = "o".repeat(60_000);

let node: OperatedNode;

beforeEach(() => {
  node = new OperatedNode(DOMAIN);
});
afterEach(() => node.end());
afterAll(() => node.kill());

const account = (...args: string[]) => node.run("account", ...args);

/** What the export of an account prints. */
async function exported(jid: string): Promise<ExportedRecord[]> {
  const { code, stdout, stderr } = await account("export", jid);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/\}\n$/);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as ExportedRecord);
}

test("a running node gives what every store has of an account, and its store gives the same without it", async () => {
  const { c2s = 0 } = await node.start();
  for (const name of ["romeo", "juliet"]) expect(await account("add", `${name}@${DOMAIN}`)).toMatchObject({ code: 0 });
  const romeo = await node.logIn(c2s, "romeo");
  const item = "<item jid='nurse@capulet.test' name='Nurse'/>";
  romeo.write(`<iq type='set' id='r'><query xmlns='jabber:iq:roster'>${item}</query></iq>`);
  for (let n = 1; n <= 8; n++)
    romeo.write(
      `<iq type='set' id='p${n}'><query xmlns='jabber:iq:private'><n xmlns='notes:${n}'>${NOTES}</n></query></iq>`,
    );
  romeo.write(`<message to='juliet@${DOMAIN}' type='chat'><body>for another</body></message>`);
  romeo.write(`<message to='${ROMEO}' type='chat'><body>wherefore</body></message>`);
  await romeo.until(/id=['"]p8['"]/);

  const records = await exported(`Romeo@${DOMAIN}`);
  expect(records).toContainEqual({
    store: "accounts",
    record: { local: "romeo", createdAt: expect.any(Number), disabled: false },
  });
  expect(records).toContainEqual({
    store: "rosters",
    record: expect.objectContaining({ jid: "nurse@capulet.test", name: "Nurse" }),
  });
  expect(
    records.filter(({ store, record }) => store === "documents" && JSON.stringify(record).includes(NOTES)),
  ).toHaveLength(8);
  expect(records).toContainEqual({
    store: "offline",
    record: expect.objectContaining({ text: expect.stringContaining("wherefore") }),
  });
  expect(JSON.stringify(records)).not.toContain("for another");

  expect(await account("export", `nobody@${DOMAIN}`)).toEqual({
    code: 1,
    stdout: "",
    stderr: `there is no account nobody@${DOMAIN}\n`,
  });
  node.kill();
  await node.ended;
  expect(await exported(ROMEO)).toEqual(records);
  expect(await account("export", `nobody@${DOMAIN}`)).toEqual({
    code: 1,
    stdout: "",
    stderr: `there is no account nobody@${DOMAIN}\n`,
  });
  expect(await account("export", "romeo@elsewhere.test")).toMatchObject({ code: 2, stdout: "" });
}, 240_000);
