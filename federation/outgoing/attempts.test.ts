// Whose attempts begin when: each account has its part, and who waits goes on by turns.
import { expect, test } from "@jest/globals";
import { Jid } from "../../xmpp/jid/jid.ts";
import { Attempts } from "./attempts.ts";

const romeo = Jid.parse("romeo@a.test/orchard");
const juliet = Jid.parse("juliet@a.test");

test("what waits begins as others end, of each account in turn", async () => {
  const attempts = new Attempts();
  const his = Array.from({ length: 70 }, () => attempts.turn(romeo));
  const hers = Array.from({ length: 66 }, () => attempts.turn(juliet));
  const begun = (turns: typeof his) => turns.filter(({ state }) => state === "begun").length;
  expect([begun(his), begun(hers)]).toEqual([64, 64]);
  expect(attempts.turn(undefined).state).toBe("begun");
  for (const turn of [...his.slice(0, 3), ...hers.slice(0, 2)]) turn.end();
  his[0]?.end();
  expect([begun(his), begun(hers)]).toEqual([64, 64]);
  await his[66]?.settled;
  // Given up before it had its turn, it takes nobody's.
  his[67]?.end();
  his[3]?.end();
  expect(his.slice(66, 70).map(({ state }) => state)).toEqual(["begun", "over", "begun", "waiting"]);
  // Begun for one account, it is not begun for another as well.
  his[69]?.add(juliet);
  his[69]?.add(Jid.parse("nurse@b.test"));
  expect(his[69]?.state).toBe("begun");
  for (const turn of [...his, ...hers]) turn.end();
  const again = Array.from({ length: 65 }, () => attempts.turn(romeo));
  expect(begun(again)).toBe(64);
});
