// The import rules between the parts (CONTRIBUTING.md, "Where things go"), checked over every source file.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import ts from "typescript";
import { MODULES } from "../server/modules/index.ts";
import { filesOf, importsOf } from "./harness/imports.ts";

const root = join(import.meta.dirname, "..");
const PARTS = ["xmpp", "contract", "server", "federation", "infra", "regions", "app", "bench", "test"] as const;
type Part = (typeof PARTS)[number];

/** What each part may import of others: a file, or everything below a folder ("regions/"). Tests and benchmarks: all. */
const ALLOWED: Readonly<Record<Part, readonly string[]>> = {
  xmpp: [],
  contract: ["xmpp/"],
  server: ["xmpp/", "contract/"],
  federation: ["server/index.ts", "xmpp/", "contract/"],
  regions: ["contract/json-fault.ts", "contract/names.ts", "contract/told.ts"],
  infra: ["regions/", "contract/contract.ts", "contract/folder.ts"],
  app: ["regions/", "infra/rollout/", "federation/index.ts", "server/index.ts", "contract/", "xmpp/"],
  bench: ["xmpp/", "contract/", "server/", "federation/", "regions/", "infra/", "app/", "test/"],
  test: ["xmpp/", "contract/", "server/", "federation/", "regions/", "infra/", "app/", "bench/"],
};

/**
 * What takes five arguments or more in a row: made for each stanza or each tag, where an object more that nobody keeps
 * would be made and collected every time.
 */
const LONG_LISTS: ReadonlyMap<string, string> = new Map([
  ["xmpp/stanza/content.ts constructor", "made for each stanza"],
  ["xmpp/stanza/stanza.ts fromRaw", "called for each stanza that is read"],
  ["xmpp/stanza/stanza.ts fromTree", "called for each stanza that is not taken as it came"],
  ["xmpp/xml/known-tags.ts learnTag", "called for each tag that is not known yet"],
  ["xmpp/xml/raw-element.ts constructor", "made for each element that is read"],
]);

const files = PARTS.flatMap(filesOf);
const isTest = (file: string) => file.endsWith(".test.ts");

/** Why a file may not import another; undefined where it may. */
function refusal(file: string, imported: string): string | undefined {
  const part = file.split("/")[0] as Part;
  if (imported.startsWith("..")) return "outside the repository";
  if (imported.startsWith(`${part}/`)) return undefined;
  if (isTest(file) && imported.startsWith("test/")) return undefined;
  const may = ALLOWED[part];
  if (may.some((place) => (place.endsWith("/") ? imported.startsWith(place) : imported === place))) return undefined;
  return `${part}/ may import ${may.length === 0 ? "nothing of other parts" : may.join(", ")}`;
}

/** Functions, methods, constructors and types of functions of a file with five parameters or more, each with its file. */
function longLists(file: string, text: string): string[] {
  const options = { languageVersion: ts.ScriptTarget.Latest, jsDocParsingMode: ts.JSDocParsingMode.ParseNone };
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && node.parameters.length >= 5) {
      const { name } = node;
      const named = name !== undefined && "text" in name ? name.text : undefined;
      found.push(`${file} ${ts.isConstructorDeclaration(node) ? "constructor" : (named ?? ts.SyntaxKind[node.kind])}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, options));
  return found;
}

describe("the arrows", () => {
  test("there is something to check", () => expect(files.length).toBeGreaterThan(100));

  test("no file imports what its part may not", () => {
    const problems = files.flatMap((file) =>
      importsOf(file).flatMap((imported) => {
        const why = refusal(file, imported);
        return why === undefined ? [] : [`${file} imports ${imported}: ${why}`];
      }),
    );
    expect(problems).toEqual([]);
  });

  test.each([
    ["xmpp/a.ts", "contract/contract.ts"],
    ["contract/a.ts", "server/index.ts"],
    ["server/a.ts", "federation/index.ts"],
    ["server/a.ts", "app/node.ts"],
    ["federation/a.ts", "server/delivery/route.ts"],
    ["federation/a.test.ts", "server/delivery/route.ts"],
    ["federation/a.ts", "app/node.ts"],
    ["regions/a.ts", "server/index.ts"],
    ["infra/a.ts", "server/index.ts"],
    ["infra/a.ts", "federation/index.ts"],
    ["app/a.ts", "federation/tls/index.ts"],
    ["app/a.ts", "infra/settings.ts"],
    ["app/a.ts", "test/harness/scene.ts"],
  ])("%s importing %s is refused", (file, imported) => expect(refusal(file, imported)).toBeDefined());
});

describe("every source file", () => {
  const sources = files.filter((file) => !isTest(file));

  test("says its one job in its first line: a comment of 16 characters or more after its `// `", () => {
    const silent = sources.filter((file) => !/^\/\/ \S.{15,}/.test(readFileSync(join(root, file), "utf8")));
    expect(silent).toEqual([]);
  });

  test("has a name that says something", () => {
    expect(sources.filter((file) => /manager|helper|util|common|misc|handler2/i.test(file))).toEqual([]);
  });

  test("makes folders by `makeFolder`: Node's recursive way never ends where a path can be none", () => {
    const recursive = /mkdir(?:Sync)?\([^;]*recursive/;
    const own = sources.filter((file) => !/^(?:test|bench|infra\/image)\//.test(file));
    expect(own.filter((file) => recursive.test(readFileSync(join(root, file), "utf8")))).toEqual([]);
  });

  test("tells errors apart by their classes: a name is a text that anybody may write", () => {
    const named = [
      /\b(?:e|err|error|cause|reason)\??\.name\b/,
      /\.name\s*[!=]==?\s*"\w*(?:Error|Failure|Unavailable|Refused|Ended)"/,
      /Object\.assign\(\s*new Error\([^;]*\bname:/,
    ];
    const said = sources.filter((file) => {
      const text = readFileSync(join(root, file), "utf8");
      return named.some((pattern) => pattern.test(text));
    });
    expect(said).toEqual([]);
  });

  test("has no timer but those of a clock (xmpp/clock.ts), so that tests can hold them", () => {
    const raw = /(?<![.\w])set(?:Timeout|Interval)\(|["']node:timers(?:\/promises)?["']/;
    const ours = sources.filter((file) => /^(?:server|xmpp|federation)\//.test(file) && file !== "xmpp/clock.ts");
    const found = ours.filter((file) => raw.test(readFileSync(join(root, file), "utf8")));
    expect(found).toEqual([]);
  });

  test("of a module has of the cluster and of accounts what its host grants it, and imports neither", () => {
    const past = (file: string) =>
      importsOf(file).filter((imported) => /^server\/(?:accounts|cluster)\//.test(imported));
    const modules = sources.filter((file) => file.startsWith("server/modules/"));
    expect(modules.length).toBeGreaterThan(50);
    expect(modules.flatMap((file) => past(file).map((imported) => `${file} imports ${imported}`))).toEqual([]);
  });

  test("of a module knows another by what that offers (`api.ts`), and names it in `needs`", () => {
    const moduleOf = (file: string) => /^server\/modules\/([^/]+)\//.exec(file)?.[1];
    const folders = new Map([...MODULES.values()].map((module) => [module.name, module]));
    let seen = 0;
    const problems = sources.flatMap((file) =>
      importsOf(file).flatMap((imported) => {
        const [own, other] = [moduleOf(file), moduleOf(imported)];
        if (own === undefined || other === undefined || own === other) return [];
        seen += 1;
        const needed = folders.get(own)?.needs?.includes(other) === true;
        return needed && imported === `server/modules/${other}/api.ts` ? [] : [`${file} imports ${imported}`];
      }),
    );
    expect(problems).toEqual([]);
    expect(seen).toBeGreaterThan(5);
  });

  test("leaves what becomes of an account to its one owner (server/accounts/lifecycle.ts)", () => {
    const pastIt =
      /\baccounts\.(?:create|ensure|setPassword|setDisabled)\(|\b(?:server|host)\.accounts\.delete\(|\(ACCOUNTS\)\.delete\(|emit\("account\./;
    const others = sources.filter(
      (file) => /^(?:app|server|federation)\//.test(file) && !/^server\/accounts\//.test(file),
    );
    expect(others.filter((file) => pastIt.test(readFileSync(join(root, file), "utf8")))).toEqual([]);
  });

  test("takes an object where five arguments or more would stand in a row", () => {
    const parts = /^(?:server|xmpp|federation|contract|app)\//;
    const long = sources
      .filter((file) => parts.test(file))
      .flatMap((file) => longLists(file, readFileSync(join(root, file), "utf8")));
    expect(long.sort()).toEqual([...LONG_LISTS.keys()]);
  });

  test.each([
    "function f(a, b, c, d, e) {}",
    "class A { f(a: string, b: string, c: string, d: string, ...e: string[]) {} }",
    "interface A { f(a: string, b: string, c: string, d: string, e?: string): void }",
    "const f = (a, b, c, d, e) => {};",
    "class A { constructor(a: string, b: string, c: string, d: string, e: string) {} }",
    "type F = (a: string, b: string, c: string, d: string, e: string) => void;",
  ])("%s is a long list", (text) => expect(longLists("a.ts", text)).toHaveLength(1));

  test("is short: 300 lines, and a tenth of grace for one that is about to be divided", () => {
    const long = sources.filter((file) => readFileSync(join(root, file), "utf8").split("\n").length > 330);
    expect(long).toEqual([]);
  });
});
