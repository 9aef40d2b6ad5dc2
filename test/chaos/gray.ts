// What experiments with harm that stays half alive share: the load around it, a kill in its middle, and what must hold after.
import { type ClusterOptions, startCluster } from "./cluster.ts";
import { Crowd } from "./crowd.ts";
import type { ChaosOptions } from "./options.ts";
import { writeTo } from "./postgres.ts";
import { everyoneReached } from "./redis.ts";
import { atMost, bookFigures, type Figure, plain, type Report, report } from "./report.ts";
import type { Site } from "./site.ts";
import { accidents, DEATHS, linesOf, stackTraces } from "./start-site.ts";
import { sleep, until } from "./wait.ts";
import { Watch } from "./watch.ts";

/** Ends a harm. */
export type Undo = () => unknown;

/** Where an experiment does its harm. */
export interface Scene {
  readonly site: Site;
  readonly crowd: Crowd;
  /** Figures of its own, beside those of all. */
  readonly figures: Figure[];
  /**
   * Does harm for the run's length, under load; in its middle a node is killed with SIGKILL and started again, where the
   * run is to have that. `atEnd` looks at the site just before the harm is over. Then waits until everybody is reached.
   */
  harm(what: string, begin: () => Undo | Promise<Undo>, atEnd?: () => Promise<void>): Promise<void>;
}

/** One experiment. */
export interface GrayExperiment {
  readonly title: string;
  /** What the cluster is made of. */
  readonly cluster?: Partial<ClusterOptions>;
  /** Another site than a cluster. */
  readonly start?: (accounts: number) => Promise<Site>;
  /** The harm silences a node for longer than its lease: the others may take it for dead. */
  readonly mayBury?: boolean;
  /** The harm cuts streams. */
  readonly cutsStreams?: boolean;
  /** An outage is told in a line, without a stack for each who suffers from it. */
  readonly noStacks?: boolean;
  /** Nobody has to log in anew, so that order must hold. */
  readonly inOrder?: boolean;
  run(scene: Scene): Promise<void>;
}

/** s until everybody is reached again. */
const RIGHT_WITHIN = 10;
/** MiB that a node may grow by. */
const GROWTH = 256;
/** Of how many clients one is away while the harm lasts, and for how many there is one account that is absent till the end. */
const AWAY_ONE_OF = 20;
const ABSENT_ONE_OF = 4;

const STACK = /"stack":/;
/** Stack traces told as they are. */
const STACKS = 3;

/** A lease that runs out within half of the harm. */
function leaseOf({ seconds }: ChaosOptions): number {
  return Math.min(6, seconds / 2);
}

/** Makes of it what the command line runs. */
export function gray(experiment: GrayExperiment): (options: ChaosOptions) => Promise<Report> {
  return async (options) => {
    const { nodes, clients } = options;
    const accounts = clients + Math.ceil(clients / ABSENT_ONE_OF);
    const site = await (experiment.start?.(accounts) ??
      startCluster({ nodes, accounts, leaseSeconds: leaseOf(options), ...experiment.cluster }));
    try {
      return await new GrayRun(experiment, options, site).run();
    } finally {
      await site.end();
    }
  };
}

/** Not everybody is reached again: there is no sense in a further harm. */
class NeverRight extends Error {}

/** One run of one experiment. */
class GrayRun implements Scene {
  readonly site: Site;
  readonly crowd: Crowd;
  readonly figures: Figure[] = [];
  private readonly absent: Crowd;
  /** Begin of each harm, and when everybody was reached again, ms. */
  private readonly spans: (readonly [number, number])[] = [];
  private readonly experiment: GrayExperiment;
  private readonly options: ChaosOptions;

  constructor(experiment: GrayExperiment, options: ChaosOptions, site: Site) {
    this.experiment = experiment;
    this.options = options;
    this.site = site;
    const { clients } = options;
    this.crowd = new Crowd(site, { clients, jitterMs: 200 });
    this.absent = new Crowd(site, { clients: Math.ceil(clients / ABSENT_ONE_OF), first: clients });
    for (const one of this.absent.clients) Object.assign(one.options, { book: this.crowd.book });
  }

  async run(): Promise<Report> {
    const { crowd, absent, options, experiment } = this;
    try {
      await crowd.come();
      const watch = new Watch(this.site.nodes, 1000);
      await watch.look();
      const before = watch.rssMiB;
      crowd.load(options.rate);
      const writer = writeTo(absent.clients, crowd.clients, options.rate / ABSENT_ONE_OF);
      const began = performance.now();
      await sleep(1000);
      await experiment.run(this).catch((error: unknown) => {
        if (!(error instanceof NeverRight)) throw error;
      });
      await sleep(1000);
      writer.stop();
      crowd.quiet();
      await watch.look();
      watch.stop();
      const late = await this.late();
      const noticed = crowd.absences(began).length;
      await absent.come();
      await crowd.settle(20_000);
      await crowd.collect(20_000);
      const left = await this.left();
      return this.report([
        plain("clients", options.clients),
        ...this.figures,
        atMost("messages that waited for a new log-in", late, 0),
        atMost("growth of a node, MiB", watch.rssMiB - before, GROWTH, " MiB"),
        atMost("rows left in the stores", left, 0),
        options.kill || experiment.cutsStreams
          ? plain("streams that broke", noticed)
          : atMost("streams that broke", noticed, this.away().length * this.spans.length),
      ]);
    } finally {
      crowd.stop();
      absent.stop();
    }
  }

  readonly harm: Scene["harm"] = async (what, begin, atEnd) => {
    const { crowd, options } = this;
    const away = this.away();
    for (const client of away) client.breakOff();
    const begun = performance.now();
    const undo = await begin();
    let restarted: Promise<void> | undefined;
    try {
      await sleep(options.seconds * 500);
      if (options.kill) restarted = this.killOne();
      await sleep(options.seconds * 500);
      await atEnd?.();
    } finally {
      await undo();
    }
    for (const client of away) client.come();
    await restarted;
    const over = performance.now();
    const within = RIGHT_WITHIN * options.patience;
    const right = await until(() => everyoneReached(crowd), within * 1000);
    const took = right ? (performance.now() - over) / 1000 : Number.POSITIVE_INFINITY;
    this.figures.push(atMost(`${what}: everybody reached again, s`, took, within, " s"));
    this.spans.push([begun, performance.now()]);
    if (!right) throw new NeverRight(what);
  };

  /** A machine that loses its power in the middle of another's trouble. It comes back at once. */
  private async killOne(): Promise<void> {
    const victim = this.site.nodes.at(-1)!;
    await victim.end("SIGKILL");
    await victim.start();
  }

  /** Clients without network while the harm lasts, as phones are. */
  private away() {
    return this.crowd.clients.filter((_, index) => index % AWAY_ONE_OF === 0);
  }

  /** Messages acknowledged that do not come to those who are there. */
  private async late(): Promise<number> {
    const { book, clients } = this.crowd;
    const here = new Set(clients.map(({ name }) => name));
    const waiting = () =>
      book.open().filter((id) => here.has(book.letter(id)?.to ?? "") && book.acknowledgedAt(id) !== undefined);
    await until(() => clients.every(({ online }) => online) && waiting().length === 0, 10_000);
    return waiting().length;
  }

  /** What the stores keep though everybody has everything: it would come again one day. */
  private async left(): Promise<number> {
    let left = 0;
    await until(async () => {
      const tables = await this.site.stored?.();
      left = [...(tables?.values() ?? [])].reduce((sum, ids) => sum + ids.length, 0);
      return left === 0;
    }, 5_000);
    return left;
  }

  /**
   * A message on its way while a node dies, or is taken for dead, may come again: that its receiver had it died with the
   * node, or did not get through. One that was acknowledged and received before may not.
   */
  private wasOnItsWay(id: string): boolean {
    const { sentAt = 0, acknowledgedAt, receivedAt } = this.crowd.book.letter(id) ?? {};
    const settled = Math.max(acknowledgedAt ?? Number.POSITIVE_INFINITY, receivedAt ?? Number.POSITIVE_INFINITY);
    return this.spans.some(([begun, over]) => settled >= begun && sentAt <= over);
  }

  private async report(figures: readonly Figure[]): Promise<Report> {
    const { crowd, site, experiment, options } = this;
    const verdict = crowd.book.verdict();
    const count = (pattern: RegExp) =>
      site.nodes.reduce((sum, node) => sum + [...node.log().matchAll(pattern)].length, 0);
    const buried = count(/taken for dead; joining again/g);
    const deaths = buried === 0 ? [] : linesOf(site, DEATHS);
    const stacks = linesOf(site, STACK).slice(0, STACKS);
    return report(
      `${experiment.title}${options.kill ? ", and a kill -9 in its middle" : ""}`,
      site.name,
      [
        ...figures,
        experiment.mayBury ? plain("living nodes buried", buried) : atMost("living nodes buried", buried, 0),
        experiment.noStacks
          ? atMost("stack traces in logs", stackTraces(site), 0)
          : plain("stack traces in logs", stackTraces(site)),
        atMost("processes that ended", accidents(site).length, 0),
        ...bookFigures(verdict, {
          inOrder: experiment.inOrder === true && !options.kill,
          ...(options.kill || experiment.mayBury ? { mayDouble: (id) => this.wasOnItsWay(id) } : {}),
        }),
        atMost("authentication failures", crowd.authFailures.length, 0),
        plain("stream errors, failed resumptions", crowd.errors),
      ],
      verdict,
      [...deaths, ...stacks, ...(await crowd.explain(site))],
    );
  }
}
