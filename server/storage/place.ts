// Which backend keeps which store, by the configuration: every mistake is told at once.
import { ConfigError } from "../../contract/load.ts";
import { nearest } from "../../contract/settings.ts";
import type { Backends } from "./backends.ts";
import type { StoreDefinition } from "./define.ts";

/** The default backend, and those of single stores by name. */
export type Choice<Config extends { readonly kind: string }> = Config & {
  readonly stores?: Readonly<Record<string, Config>>;
};

/** A backend and the stores that it is to keep. */
export interface Place<Config> {
  readonly config: Config;
  /** Where its configuration stands. */
  readonly path: string;
  readonly stores: readonly StoreDefinition[];
}

/**
 * The backends that keep something, each once however many stores name it. A store that is not `needed`, and that the default
 * backend cannot keep, is kept nowhere. @throws ConfigError with every mistake
 */
export function placesOf<Config extends { readonly kind: string }>(
  definitions: readonly StoreDefinition[],
  choice: Choice<Config>,
  backends: Backends<Config>,
  needed: (store: StoreDefinition) => boolean = () => true,
): Place<Config>[] {
  const { stores: chosen = {}, ...rest } = choice;
  // What is left of a choice is its default backend.
  const standard = rest as unknown as Config;
  const problems = unknownStores(definitions, chosen);
  const places = new Map<string, { config: Config; path: string; stores: StoreDefinition[] }>();
  for (const definition of definitions) {
    const { name } = definition;
    const own = Object.hasOwn(chosen, name) ? chosen[name] : undefined;
    const config = own ?? standard;
    const path = own === undefined ? "storage" : `storage.stores.${name}`;
    const { family } = backends[config.kind as Config["kind"]];
    if (definition[family] === undefined) {
      if (own !== undefined || needed(definition)) problems.push(`${path}: ${name} cannot be kept by ${config.kind}`);
      continue;
    }
    const key = JSON.stringify(Object.entries(config).sort());
    const place = places.get(key) ?? { config, path, stores: [] };
    places.set(key, place);
    place.stores.push(definition);
  }
  if (problems.length > 0) throw new ConfigError("configuration", problems);
  return [...places.values()];
}

function unknownStores(definitions: readonly StoreDefinition[], chosen: Readonly<Record<string, unknown>>): string[] {
  const known = definitions.map(({ name }) => name);
  return Object.keys(chosen).flatMap((name) => {
    if (known.includes(name)) return [];
    const meant = nearest(name, known);
    const advice = meant === undefined ? `there are ${known.join(", ")}` : `did you mean "${meant}"?`;
    return [`storage.stores.${name}: no such store; ${advice}`];
  });
}
