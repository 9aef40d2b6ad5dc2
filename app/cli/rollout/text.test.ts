// A plan as an operator reads it: what goes away is red where the terminal shows colours, and nowhere else.
import { spawnSync } from "node:child_process";
import { expect, test } from "@jest/globals";

/** The text of the plan by a process with these variables: Node itself looks at them. */
function planText(why: string | undefined, environment: Record<string, string>): string {
  const program = `
    import { planText } from ${JSON.stringify(new URL("text.ts", import.meta.url).href)};
    const { plan, why } = JSON.parse(process.argv[1]);
    process.stdout.write(planText(plan, why));`;
  const args = ["--input-type=module", "--eval", program, JSON.stringify({ plan, why })];
  return spawnSync(process.execPath, args, { env: environment, encoding: "utf8" }).stdout;
}

const change = (operation: "create" | "update" | "replace" | "delete") => ({
  operation,
  type: "aws:ec2/eip:Eip",
  name: `${operation}d`,
  keys: ["tags"],
});
const plan = {
  version: 1,
  hash: "",
  created: "",
  driver: "pulumi",
  world: "w",
  target: {},
  steps: [{ wave: 0, regions: ["eu"] }],
  regions: [
    {
      region: "eu",
      exists: true,
      changes: [change("create"), change("update"), change("replace"), change("delete")],
      findings: [{ policy: "a fixed image", resource: "task", message: "runs latest" }],
      cost: { before: 10, after: 12.5 },
      fingerprint: "",
    },
  ],
};

test("replacements, deletions, broken policies and the refusal are red, and nothing else is", () => {
  const red = [...planText("it loses data", { FORCE_COLOR: "1" }).matchAll(/\u001b\[31m([^\u001b]*)\u001b\[39m/g)].map(
    ([, text]) => text,
  );
  expect(red).toEqual([
    "± replace aws:ec2/eip:Eip replaced (tags)",
    "- delete aws:ec2/eip:Eip deleted (tags)",
    "policy a fixed image: task: runs latest",
    "`rollout up` will refuse it: it loses data",
  ]);
});

test("without colours there is no escape; counts and the difference of costs are told", () => {
  const text = planText(undefined, { NO_COLOR: "1" });
  expect(text).not.toContain("\u001b");
  expect(text).toContain("eu: 1 to create, 1 to update, 1 to replace, 1 to delete; 12.50 USD a month (+2.50)");
  expect(text).toContain("USD a month: +2.50");
});
