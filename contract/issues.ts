// What the schema library has against a value, issue by issue: of alternatives, what it has against the one that was meant.
import type { z } from "zod";

type Issue = z.core.$ZodIssue;

/** Every issue with its path from the top. An issue with all alternatives stays whole where none of them is clearly meant. */
export function issuesOf(error: z.ZodError | undefined): Issue[] {
  return (error?.issues ?? []).flatMap(plain);
}

function plain(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const meant = issue.errors.filter((issues) => issues.every(isWithin));
  const [only] = meant;
  if (only === undefined || meant.length > 1) return [issue];
  return only.flatMap((inner) => plain({ ...inner, path: [...issue.path, ...inner.path] } as Issue));
}

/** True for a mistake in a part of the value: the value itself is of the kind that is wanted. */
function isWithin({ path, code }: Issue): boolean {
  return path.length > 0 || code === "unrecognized_keys";
}
