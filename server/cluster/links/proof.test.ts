// Who has read the registry proves it to whoever listens, and the other way round; nobody else does.
import { expect, test } from "@jest/globals";
import { AnsweringProof, AskingProof } from "./proof.ts";

const key = Buffer.alloc(32, 1);
const other = Buffer.alloc(32, 2);
const ends = { from: "a~1", to: "b~1" };

test("two that have the key know each other", () => {
  const [asking, answering] = [new AskingProof(key, ends), new AnsweringProof(key)];
  const answer = answering.answer(asking.first(), "b~1") as string;
  expect(answering.proven(asking.last(answer) as string)).toBe("a~1");
});

test.each([
  ["another key", () => new AskingProof(other, ends).first()],
  ["another member's name", () => new AskingProof(key, { ...ends, to: "c~1" }).first()],
  ["no JSON", () => "<stream:stream>"],
  ["null", () => "null"],
  ["what is no text", () => JSON.stringify({ from: 1, to: "b~1", nonce: "n", mac: "m" })],
  ["another name under the same proof", () => new AskingProof(key, ends).first().replace("a~1", "z~1")],
])("whoever comes with %s gets no answer", (_what, first) => {
  expect(new AnsweringProof(key).answer(first(), "b~1")).toBeUndefined();
});

test("whoever answers without the key is not believed", () => {
  const asking = new AskingProof(key, ends);
  const impostor = new AnsweringProof(other);
  expect(impostor.answer(asking.first(), "b~1")).toBeUndefined();
  expect(asking.last(JSON.stringify({ nonce: "n", mac: "m" }))).toBeUndefined();
  // An answer to somebody else's question.
  const theirs = new AnsweringProof(key).answer(new AskingProof(key, ends).first(), "b~1") as string;
  expect(asking.last(theirs)).toBeUndefined();
});

test("what was overheard proves nothing a second time", () => {
  const [asking, answering] = [new AskingProof(key, ends), new AnsweringProof(key)];
  const first = asking.first();
  const last = asking.last(answering.answer(first, "b~1") as string) as string;
  const again = new AnsweringProof(key);
  expect(again.proven(last)).toBeUndefined();
  expect(again.answer(first, "b~1")).toBeDefined();
  expect(again.proven(last)).toBeUndefined();
});
