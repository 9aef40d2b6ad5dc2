// Prefixed attributes of one start tag. Namespaces in XML 1.0 §6.3.
import { type Name, PREFIXED } from "./names.ts";
import type { Scope } from "./scope.ts";

/** Namespaces of the prefixed ones among the names in hand. */
const namespaces: string[] = [];

/** What is wrong with the first `length` names: an unbound prefix, or two attributes of one expanded name. */
export function prefixedFault(names: readonly Name[], length: number, scope: Scope): string | undefined {
  for (let k = 0; k < length; k++) {
    const name = names[k] as Name;
    if (name.kind !== PREFIXED) continue;
    const xmlns = scope.resolve(name.prefix);
    if (xmlns === undefined) return "unbound prefix";
    namespaces[k] = xmlns;
    for (let j = 0; j < k; j++) {
      const other = names[j] as Name;
      if (other.kind === PREFIXED && other.local === name.local && namespaces[j] === xmlns)
        return "duplicate attribute";
    }
  }
  return undefined;
}
