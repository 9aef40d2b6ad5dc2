// Leaves tests out where the machine lacks what they need: seen in their titles and in the table at the end.
import { describe, test } from "@jest/globals";
import { type Need, SOFTWARE, type Software } from "../packages.ts";
import { LEFT_OUT, NEEDS } from "./left-out.ts";
import { missingOf } from "./software.ts";

/** Jest's functions, or those that leave out. */
export interface Choice {
  readonly describe: typeof describe.skip;
  readonly test: typeof test.skip;
}

/**
 * `describe` and `test` for tests that need software of others (`test/packages.ts`). Hooks around tests that are all left
 * out are not run.
 * @throws Error with CI set, where everything that Debian has must be there
 */
export function needing(...needs: readonly Need[]): Choice {
  const missing = missingOf(needs);
  if (missing.length === 0) return { describe, test };
  return withTitle(whyLeftOut(missing, Boolean(process.env.CI)));
}

/**
 * What a title says of software that is missing.
 * @throws Error in CI, but for what Debian may lack
 */
export function whyLeftOut(missing: readonly Need[], ci: boolean): string {
  const required = missing.filter((need) => !optional(need));
  if (ci && required.length > 0)
    throw new Error(`${required.join(", ")} is missing and CI is set: \`npm test -- --install\` installs it`);
  return `${NEEDS}${missing.join(", ")})`;
}

/** The same where there may be another reason why they cannot run here: undefined where they can. */
export function unless(reason: string | undefined, ...needs: readonly Need[]): Choice {
  const choice = needing(...needs);
  const left = reason === undefined || missingOf(needs).length > 0;
  return left ? choice : withTitle(`${LEFT_OUT}${reason.replaceAll(")", "")})`);
}

function optional(need: Need): boolean {
  const software: Software = SOFTWARE[need];
  return software.optional === true;
}

function withTitle(suffix: string): Choice {
  return { describe: titled(describe.skip, suffix), test: titled(test.skip, suffix) };
}

/** The function as it is, but for its first argument, a title; and the same for what its `each` returns. */
function titled<F extends CallableFunction>(registers: F, suffix: string): F {
  return new Proxy(registers, {
    apply: (target, self, [title, ...rest]) => Reflect.apply(target, self, [`${title}${suffix}`, ...rest]),
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (key !== "each" || typeof value !== "function") return value;
      return (...table: unknown[]) => titled(value(...table), suffix);
    },
  });
}
