// The metrics that modules declare: one of a name in a node, with the host as a label, as long as a module has it.
import type { Metric, MetricDeclaration, MetricLabels, MetricValue } from "../ports/metrics.ts";

/** Series of one metric at one host. */
const MANY_SERIES = 100;
const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;

/** Where a metric is read; the answer takes it out again. */
export interface MetricReader {
  counter: Read;
  gauge: Read;
}

type Read = (
  name: string,
  help: string,
  labels: readonly string[],
  values: () => Iterable<readonly [object, number]>,
) => () => void;

/** A metric of the node: what hosts have of it. */
interface Declared {
  /** Of the first that declared it; any other has the same. */
  readonly as: string;
  readonly hosts: Map<string, readonly Series[]>;
  readonly unread: () => void;
}

/** The metrics of a node's modules. */
export class ModuleMetrics {
  private readonly reader: MetricReader;
  private readonly declared = new Map<string, Declared>();

  constructor(reader: MetricReader) {
    this.reader = reader;
  }

  /**
   * A metric of a module at one host, and what withdraws it. @throws Error for a name that it has there already or that is
   * none, for more than 100 series, or where another host has it with other labels
   */
  declare<L extends MetricLabels>(
    { module, domain }: { readonly module: string; readonly domain: string },
    declaration: MetricDeclaration<L>,
  ): { readonly metric: Metric<L>; readonly withdraw: () => void } {
    const { kind, name, help, labels = {} as L } = declaration;
    for (const word of [name, ...Object.keys(labels)])
      if (!NAME.test(word) || word === "host")
        throw new Error(`the module ${module} cannot call a metric or label ${word}`);
    const full = `meridian_${module}_${name}${kind === "counter" ? "_total" : ""}`;
    const series = seriesOf(full, kind, labels);
    const as = JSON.stringify([kind, help, labels]);
    const { hosts } = this.of(full, declaration, as);
    if (hosts.has(domain)) throw new Error(`${full} is declared already`);
    hosts.set(domain, series);
    return { metric: metricOf(full, series), withdraw: () => this.withdraw(full, domain, series) };
  }

  private of(full: string, { kind, help, labels = {} }: MetricDeclaration, as: string): Declared {
    const known = this.declared.get(full);
    if (known !== undefined && known.as !== as) throw new Error(`${full} is declared otherwise at another host`);
    if (known !== undefined) return known;
    const hosts = new Map<string, readonly Series[]>();
    const unread = this.reader[kind](full, help, ["host", ...Object.keys(labels)], () => values(hosts));
    const declared = { as, hosts, unread };
    this.declared.set(full, declared);
    return declared;
  }

  private withdraw(full: string, domain: string, series: readonly Series[]): void {
    const known = this.declared.get(full);
    if (known?.hosts.get(domain) !== series) return;
    known.hosts.delete(domain);
    if (known.hosts.size > 0) return;
    this.declared.delete(full);
    known.unread();
  }
}

function* values(hosts: ReadonlyMap<string, readonly Series[]>): Iterable<readonly [object, number]> {
  for (const [host, series] of hosts) for (const { labels, value } of series) yield [{ host, ...labels }, value];
}

/** One number. */
class Series implements MetricValue {
  readonly labels: Readonly<Record<string, string>>;
  value = 0;
  private readonly grows: boolean;

  constructor(labels: Readonly<Record<string, string>>, grows: boolean) {
    this.labels = labels;
    this.grows = grows;
  }

  add(by = 1): void {
    if (this.grows && by < 0) throw new Error("a counter only grows");
    this.value += by;
  }

  set(value: number): void {
    if (this.grows) throw new Error("a counter only grows");
    this.value = value;
  }
}

/** Every series that there can be: each is read as 0 until something happens. */
function seriesOf(full: string, kind: MetricDeclaration["kind"], labels: MetricLabels): Series[] {
  let all: Record<string, string>[] = [{}];
  for (const [label, possible] of Object.entries(labels)) {
    if (all.length * possible.length > MANY_SERIES)
      throw new Error(`${full} would have more than ${MANY_SERIES} series`);
    all = all.flatMap((one) => possible.map((value) => ({ ...one, [label]: value })));
  }
  return all.map((one) => new Series(one, kind === "counter"));
}

function metricOf<L extends MetricLabels>(full: string, series: readonly Series[]): Metric<L> {
  const byLabels = new Map(series.map((one) => [keyOf(one.labels), one]));
  const found = (labels: Readonly<Record<string, string>>): Series => {
    const one = byLabels.get(keyOf(labels));
    if (one === undefined) throw new Error(`${full} has no ${JSON.stringify(labels)}`);
    return one;
  };
  return {
    add: (by) => found({}).add(by),
    set: (value) => found({}).set(value),
    with: (labels) => found(labels),
  };
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort());
}
