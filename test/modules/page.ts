// Examples of modules as they stand in docs/modules.md.
import { readFileSync } from "node:fs";
import { expect } from "@jest/globals";

/** Expects the page to have a file of this folder word for word, with the paths of a module's own folder. */
export function onThePage(file: string): void {
  const source = readFileSync(new URL(file, import.meta.url), "utf8")
    .replaceAll('"../../xmpp/', '"../../../xmpp/')
    .replaceAll('"../../server/', '"../../');
  expect(readFileSync(new URL("../../docs/modules.md", import.meta.url), "utf8")).toContain(
    `\`\`\`ts\n${source}\`\`\`\n`,
  );
}
