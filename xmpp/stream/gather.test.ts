// What one target of a turn's end throws keeps nothing of the others'.
import { expect, jest, test } from "@jest/globals";
import { flushLater } from "./gather.ts";

test("what is gathered goes out though another one's fault is thrown, which is told", () => {
  const later: (() => void)[] = [];
  const immediate = jest.spyOn(globalThis, "setImmediate").mockImplementation(((work: () => void) => {
    later.push(work);
  }) as unknown as typeof setImmediate);
  const flushed: string[] = [];
  const fault = new Error("a fault of ours");
  flushLater({ flush: () => void flushed.push("one") });
  flushLater({
    flush() {
      throw fault;
    },
  });
  flushLater({ flush: () => void flushed.push("two") });
  immediate.mockRestore();
  expect(() => later[0]?.()).toThrow(fault);
  expect(flushed).toEqual(["one", "two"]);
});
