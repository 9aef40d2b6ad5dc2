// What a node counts, and how Prometheus reads it. Counting is a plain increment; labels are made when asked.
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Histogram, Registry } from "prom-client";
import type { StanzaKind } from "../../xmpp/stanza/stanza.ts";
import type { StreamErrorCondition } from "../../xmpp/stream/error.ts";
import type { StreamEnd } from "../../xmpp/stream/stream.ts";

/** Whose stanzas: clients' or other servers'. */
export type Side = "client" | "server";

type KindCounts = Record<StanzaKind, number>;

/** Stanzas of one side, read and written. */
export interface StanzaCounts {
  readonly in: KindCounts;
  readonly out: KindCounts;
}

const noCounts = (): StanzaCounts => ({
  in: { message: 0, presence: 0, iq: 0 },
  out: { message: 0, presence: 0, iq: 0 },
});

/** A metric whose values are asked for when it is read. */
interface Reading {
  readonly type: "gauge" | "counter";
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly values: () => Iterable<readonly [object, number]>;
}

/** Prometheus' own part: its registry, and what takes a reading into it. */
interface Prometheus {
  readonly registry: Registry;
  readonly storage: Histogram;
  add(reading: Reading): void;
  remove(reading: Reading): void;
}

async function openPrometheus(): Promise<Prometheus> {
  const { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } = await import("prom-client");
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const add = ({ type, name, help, labels, values }: Reading) => {
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === "gauge")
      new Gauge({
        ...options,
        collect() {
          this.reset();
          for (const [label, value] of values()) this.set(label as Record<string, string>, value);
        },
      });
    else
      new Counter({
        ...options,
        collect() {
          this.reset();
          for (const [label, value] of values()) this.inc(label as Record<string, string>, value);
        },
      });
  };
  const storage = new Histogram({
    name: "meridian_storage_seconds",
    help: "Time of storage operations.",
    labelNames: ["operation", "outcome"],
    buckets: [0.0001, 0.001, 0.005, 0.02, 0.1, 0.5, 2, 5],
    registers: [registry],
  });
  return { registry, storage, add, remove: ({ name }) => registry.removeSingleMetric(name) };
}

/** Counts of one node. */
export class NodeMetrics {
  readonly stanzas: Record<Side, StanzaCounts> = { client: noCounts(), server: noCounts() };
  /** Stanzas of components that were answered alone for what is wrong with them. */
  faultyOfComponents = 0;
  private readonly errors = { sent: new Map<string, number>(), received: new Map<string, number>() };
  private readonly logins = { succeeded: 0, failed: 0 };
  private readonly delay = monitorEventLoopDelay({ resolution: 10 });

  /** Prometheus' own library, loaded only where somebody is to read: it costs a tenth of a second at start. */
  private prometheus: Prometheus | undefined;
  private readonly readings: Reading[] = [];

  constructor() {
    this.delay.enable();
    this.describe();
  }

  /** Counts how a stream ended, where that was an error. */
  streamEnded(end: StreamEnd): void {
    if (end.kind === "failed") this.countError("sent", end.error.condition);
    if (end.kind === "peer-error") this.countError("received", end.error.condition);
  }

  /** Counts a log-in. */
  login(succeeded: boolean): void {
    this.logins[succeeded ? "succeeded" : "failed"]++;
  }

  /** Counts a call of the storage and its time. */
  stored(operation: string, ms: number, failed: boolean): void {
    this.prometheus?.storage.observe({ operation, outcome: failed ? "failed" : "done" }, ms / 1000);
  }

  /**
   * A gauge whose values are asked for when Prometheus reads; `values` gives label values and a number each. The answer
   * takes it out again.
   */
  gauge(
    name: string,
    help: string,
    labels: readonly string[],
    values: () => Iterable<readonly [object, number]>,
  ): () => void {
    return this.read({ type: "gauge", name, help, labels, values });
  }

  /** A counter whose totals are kept elsewhere; the answer takes it out again. */
  counter(
    name: string,
    help: string,
    labels: readonly string[],
    values: () => Iterable<readonly [object, number]>,
  ): () => void {
    return this.read({ type: "counter", name, help, labels, values });
  }

  /** Parts that come up after the listener are read as well. */
  private read(reading: Reading): () => void {
    this.readings.push(reading);
    this.prometheus?.add(reading);
    return () => {
      const at = this.readings.indexOf(reading);
      if (at === -1) return;
      this.readings.splice(at, 1);
      this.prometheus?.remove(reading);
    };
  }

  /** The registry that Prometheus reads, made on first use; storage times are kept from then on. */
  async registry(): Promise<Registry> {
    if (this.prometheus === undefined) {
      const opened = await openPrometheus();
      // Somebody else may have opened it meanwhile.
      if (this.prometheus === undefined) {
        for (const reading of this.readings) opened.add(reading);
        this.prometheus = opened;
      }
    }
    return this.prometheus.registry;
  }

  close(): void {
    this.delay.disable();
    this.prometheus?.registry.clear();
  }

  private countError(direction: "sent" | "received", condition: StreamErrorCondition): void {
    // A peer may send any name: what is not short counts as one.
    const name = direction === "received" && this.errors.received.size > 50 ? "other" : condition;
    this.errors[direction].set(name, (this.errors[direction].get(name) ?? 0) + 1);
  }

  private describe(): void {
    this.counter("meridian_stanzas_total", "Stanzas read and written.", ["side", "direction", "kind"], () =>
      this.stanzaTotals(),
    );
    this.counter("meridian_stream_errors_total", "Stream errors by condition.", ["direction", "condition"], () =>
      this.errorTotals(),
    );
    this.counter(
      "meridian_component_faulty_total",
      "Stanzas of components that were answered alone for what is wrong with them.",
      [],
      () => [[{}, this.faultyOfComponents] as const],
    );
    this.counter("meridian_logins_total", "Log-ins by outcome.", ["outcome"], () =>
      Object.entries(this.logins).map(([outcome, count]) => [{ outcome }, count] as const),
    );
    this.gauge("meridian_event_loop_delay_seconds", "Event-loop delay since the last reading.", ["quantile"], () => {
      const quantiles = [50, 90, 99].map(
        (percent) => [{ quantile: String(percent / 100) }, this.delay.percentile(percent) / 1e9] as const,
      );
      this.delay.reset();
      return quantiles;
    });
  }

  private *stanzaTotals(): Iterable<readonly [object, number]> {
    for (const side of ["client", "server"] as const)
      for (const direction of ["in", "out"] as const)
        for (const [kind, count] of Object.entries(this.stanzas[side][direction]))
          yield [{ side, direction, kind }, count];
  }

  private *errorTotals(): Iterable<readonly [object, number]> {
    for (const direction of ["sent", "received"] as const)
      for (const [condition, count] of this.errors[direction]) yield [{ direction, condition }, count];
  }
}
