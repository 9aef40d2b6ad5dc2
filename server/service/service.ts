// A part of the node, apart from any host: started before modules, asked how it is, stopped after them.

/** Names of the services a node may have, as `services` of a module and the log say them. */
export const SERVICE_NAMES = ["database", "redis", "cluster", "limits", "outgoing", "metrics", "http"] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/**
 * Those that modules may ask for. What is not here has all storage or all connections behind it, past whatever a module
 * declares: of storage it has its `stores`, of the other nodes `shared`, `owned`, `exclusive` and the `bus` that it is granted.
 */
export const MODULE_SERVICES = ["limits", "outgoing", "http"] as const satisfies readonly ServiceName[];
export type ModuleService = (typeof MODULE_SERVICES)[number];

/** Typed key of what a service gives to the parts of the node. */
export class ServiceKey<T, N extends ServiceName = ServiceName> {
  declare readonly type: T;
  readonly name: N;

  constructor(name: N) {
    this.name = name;
  }
}

/** Key of what a service gives to modules too. */
export type ModuleServiceKey<T> = ServiceKey<T, ModuleService>;

/** How a service lives. */
export interface ServiceLife<T> {
  /** Services that must have started before this one. */
  readonly needs?: readonly ServiceKey<unknown>[];
  /** Resolves with what the service gives. A throw ends the start of the node. */
  start(): T | Promise<T>;
  /** Ends it; what needed it is stopped already. */
  stop?(value: T): void | Promise<void>;
  /**
   * Why the node should get no clients because of this service, in the words of `/readyz`; undefined where it is well.
   * A throw counts as "does not answer".
   */
  health?(value: T): string | undefined | Promise<string | undefined>;
}
