// A message that no client can take ends three deliveries and is the operator's then: on a node as it is run.
import { afterAll, afterEach, beforeEach, expect, test } from "@jest/globals";
import { OperatedNode } from "./node.ts";

const DOMAIN = "verona.test";

let node: OperatedNode;

beforeEach(() => {
  node = new OperatedNode(DOMAIN);
});
afterEach(() => node.end());
afterAll(() => node.kill());

const command = (...args: string[]) => node.run(...args);

test("after three log-ins what is behind it comes, its sender is told, and the operator reads it", async () => {
  const { c2s: port = 0 } = await node.start();
  const logIn = (local: string) => node.logIn(port, local);
  for (const local of ["romeo", "juliet"])
    expect(await command("account", "add", `${local}@${DOMAIN}`)).toMatchObject({ code: 0 });
  expect(await command("dead", "list")).toMatchObject({ code: 0, stdout: "no dead letters\n" });
  const juliet = await logIn("juliet");
  const to = `to='romeo@${DOMAIN}' type='chat'`;
  juliet.write(`<message ${to} id='p'><body>poison</body></message><message ${to}><body>behind</body></message>`);
  juliet.write(`<iq type='get' id='q' to='${DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  await juliet.until(/id='q'/);
  for (const _ of [1, 2, 3]) {
    const romeo = await logIn("romeo");
    romeo.write("<enable xmlns='urn:xmpp:sm:3'/><presence/>");
    await romeo.until(/poison/);
    romeo.cut();
  }
  expect(await juliet.until(/type='error'.*<\/message>/s)).toMatch(/id='p'.*<not-acceptable/s);
  const romeo = await logIn("romeo");
  romeo.write("<presence/>");
  expect(await romeo.until(/behind/)).not.toContain("poison");

  const { stdout } = await command("dead", "list", "--json");
  const { letters } = JSON.parse(stdout) as { letters: { id: string; account: string; from: string; text?: string }[] };
  const [letter] = letters;
  expect(letters).toHaveLength(1);
  expect(letter).toMatchObject({ account: `romeo@${DOMAIN}`, from: expect.stringMatching(/^juliet@/) });
  expect(letter).not.toHaveProperty("text");
  const id = letter?.id ?? "";
  expect((await command("dead", "show", id)).stdout).toContain("<body>poison</body>");
  expect(await command("dead", "remove", id)).toMatchObject({ code: 0, stdout: `${id} removed\n` });
  expect(await command("dead", "show", id)).toMatchObject({ code: 1, stderr: `there is no dead letter ${id}\n` });
}, 240_000);
