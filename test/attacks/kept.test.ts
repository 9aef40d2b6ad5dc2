// Messages made so that what keeps them breaks: odd end tags, and what the store holds broken already.

import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { OFFLINE } from "../../server/modules/offline/store.ts";
import { bound } from "./bound.ts";
import { DOMAIN, startTarget, type Target } from "./node.ts";

let target: Target;

beforeEach(async () => {
  target = await startTarget();
  for (const name of ["romeo", "juliet"]) await target.account(name);
});
afterEach(() => target.stop());

/** What Juliet gets of what was kept, up to the message of that id. */
async function kept(id: string): Promise<string> {
  const juliet = await bound(target, "juliet");
  juliet.send("<presence/>");
  await juliet.until(`id='${id}'`);
  await juliet.until("</message>");
  juliet.send("<iq type='get' id='done'><ping xmlns='urn:xmpp:ping'/></iq>");
  await juliet.until("id='done'");
  juliet.destroy();
  return juliet.text;
}

test.each([
  ["a space in the end tag", "<body>x</body></message >"],
  ["a line in the end tag", "<body>x</body></message\n\t>"],
  ["a section that ends like a message", "<body><![CDATA[</message>]]></body></message>"],
])("%s", async (_name, content) => {
  const romeo = await bound(target, "romeo");
  romeo.send(`<message to='juliet@${DOMAIN}' type='chat' id='odd'>${content}`);
  romeo.send(`<message to='juliet@${DOMAIN}' type='chat' id='last'><body>y</body></message>`);
  romeo.send("<iq type='get' id='done'><ping xmlns='urn:xmpp:ping'/></iq>");
  await romeo.until("id='done'");
  const came = await kept("last");
  expect(came).toMatch(/id='odd'/);
  expect(came.match(/<delay /g)).toHaveLength(2);
  expect(await target.server.storage.of(OFFLINE).count(DOMAIN, "juliet")).toBe(0);
  target.noErrors();
});

test("a message without content", async () => {
  const romeo = await bound(target, "romeo");
  romeo.send(`<message to='juliet@${DOMAIN}' id='last'/>`);
  romeo.send("<iq type='get' id='done'><ping xmlns='urn:xmpp:ping'/></iq>");
  await romeo.until("id='done'");
  expect(await kept("last")).toMatch(/<delay /);
  target.noErrors();
});

test("what the store holds broken keeps nothing else back", async () => {
  const offline = target.server.storage.of(OFFLINE);
  for (const text of ["<message><body>x</body><<", "", "<message id='last'><body>y</body></message>"])
    await offline.add({ domain: DOMAIN, local: "juliet", text, at: 1, limit: 100 });
  expect(await kept("last")).toContain("<body>y</body>");
  await target.settle("nothing kept any more", async () => (await offline.count(DOMAIN, "juliet")) === 0);
  expect(target.log.filter((line) => line.includes("cannot be read"))).toHaveLength(2);
});
