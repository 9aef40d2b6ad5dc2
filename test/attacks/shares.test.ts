// What all accounts share: one that takes what it can get leaves room for the others.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { bound } from "./bound.ts";
import { DOMAIN, startTarget, type Target } from "./node.ts";

let target: Target;

beforeEach(async () => {
  target = await startTarget({ admins: `romeo@${DOMAIN},juliet@${DOMAIN}` });
  for (const name of ["romeo", "juliet"]) await target.account(name);
});
afterEach(() => target.stop());

test("commands that are begun and never ended are so many of each account", async () => {
  const begin = (id: string) =>
    `<iq type='set' id='${id}' to='${DOMAIN}'><command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/admin#add-user'/></iq>`;
  const romeo = await bound(target, "romeo");
  for (let i = 0; i < 51; i++) romeo.send(begin(`c${i}`));
  expect(await romeo.until(/ id='c50'[\s\S]*<\/iq>/)).toContain("<resource-constraint ");
  expect(romeo.text.match(/status=.executing/g)).toHaveLength(50);
  const juliet = await bound(target, "juliet");
  juliet.send(begin("j"));
  expect(await juliet.until("</iq>")).toMatch(/status=.executing/);
  for (const raw of [romeo, juliet]) raw.destroy();
});
