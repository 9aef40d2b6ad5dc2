// The table of routes: the longest prefix answers, and a path costs what the routes are, not what it is long.
import { expect, test } from "@jest/globals";
import { RouteTable } from "./http-routes.ts";

const named = (name: string) => () => ({ status: 200, body: name });

test("an exact path comes first, then the longest prefix of the method", () => {
  const table = new RouteTable();
  const [all, files, one] = [named("all"), named("files"), named("one")];
  table.add({ method: "GET", path: "/*" }, all);
  table.add({ method: "GET", path: "/files/*" }, files);
  table.add({ method: "GET", path: "/files/one" }, one);
  expect(["/a", "/files/a/b", "/files/one", "/files"].map((path) => table.find("GET", path)?.handler)).toEqual([
    all,
    files,
    one,
    all,
  ]);
  expect(table.find("PUT", "/a")).toBeUndefined();
});

test("a path of many slashes is looked at once for each route", () => {
  const table = new RouteTable();
  table.add({ method: "GET", path: "/files/*" }, named("files"));
  let looks = 0;
  const path = new String("/".repeat(15_000)) as string;
  Object.defineProperty(path, Symbol.toPrimitive, {
    value: () => {
      looks++;
      return "/".repeat(15_000);
    },
  });
  expect(table.find("GET", path)).toBeUndefined();
  expect(looks).toBe(1);
});
