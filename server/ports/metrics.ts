// Metrics of a module's own: declared with every value that a label can have, so that their number is bounded.

/** Values of a metric's labels, by label: all that there can be. */
export type MetricLabels = Readonly<Record<string, readonly string[]>>;

/** A metric, as a module declares it. */
export interface MetricDeclaration<L extends MetricLabels = MetricLabels> {
  /** `counter`: it only grows, and its name ends with `_total` by itself. `gauge`: it goes up and down. */
  readonly kind: "counter" | "gauge";
  /** Words in lower case with `_` between; before it come `meridian_` and the module's name. */
  readonly name: string;
  /** A sentence for whoever reads it. */
  readonly help: string;
  readonly labels?: L;
}

/** One series of a metric: a number. */
export interface MetricValue {
  /** Adds so much, one where nothing is said; less than nothing for a gauge alone. @throws Error for a counter that would shrink */
  add(by?: number): void;
  /** For a gauge alone. @throws Error for a counter */
  set(value: number): void;
}

/** A metric that a module has declared; itself the one series of a metric without labels. */
export interface Metric<L extends MetricLabels = MetricLabels> extends MetricValue {
  /** The series of these values, made with the metric. @throws Error for a value that was not declared */
  with(labels: { readonly [K in keyof L]: L[K][number] }): MetricValue;
}
