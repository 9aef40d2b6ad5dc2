// Experiment 1: kill -9 of one node under load. What was acknowledged must be there, and everybody back soon.
import { Crowd } from "./crowd.ts";
import { quantile } from "./evidence.ts";
import type { ChaosOptions } from "./options.ts";
import { atMost, bookFigures, plain, type Report, report } from "./report.ts";
import { DEATHS, linesOf, onSite } from "./start-site.ts";
import { sleep } from "./wait.ts";

/** Share of the clients whose network is away when the node dies, as phones' are. */
const AWAY = 0.025;
/** Clients, nearly, that come back at once however many there are, and ms over which these spread their first attempt. */
const PROMPT = 24;
const PROMPT_MS = 50;
/** s from the kill until such a client has all that waited for it: less than a lease, for connections are refused at once. */
const WITHIN = 2;
/** s of load before the kill. */
const BEFORE = 3;
const BACK_WITHIN = 15;
/** ms before the kill: that a receiver had what came by then may have died with the node, which had told nobody yet. */
const UNTOLD = 1_000;

export function kill(options: ChaosOptions): Promise<Report> {
  return onSite(options, options.clients, async (site) => {
    const every = Math.max(2, Math.floor(options.clients / PROMPT));
    const prompt = (index: number) => index % every === 1;
    const jitterOf = (index: number) => (prompt(index) ? PROMPT_MS : undefined);
    const crowd = new Crowd(site, { clients: options.clients, jitterMs: 2000, jitterOf });
    try {
      await crowd.come();
      crowd.load(options.rate);
      await sleep(Math.min(BEFORE, options.seconds / 2) * 1000);
      // Every twentieth pair's first client loses its network a second before, and has it again after.
      const away = crowd.clients.filter((_, index) => index % Math.round(1 / AWAY) === 0);
      for (const client of away) client.breakOff();
      await sleep(1000);
      const victim = site.nodes[0]!;
      const killed = performance.now();
      await victim.end("SIGKILL");
      const restarted = site.nodes.length === 1 ? victim.start() : undefined;
      await sleep(Math.min(5, options.seconds) * 1000);
      for (const client of away) client.come();
      await sleep(Math.max(0, options.seconds - 5) * 1000);
      await restarted;
      crowd.quiet();
      await crowd.settle(20_000);
      // Before anybody logs in anew for what is missing.
      const had = crowd.caughtUp(
        crowd.clients.filter((_, index) => prompt(index)),
        killed,
      );
      await crowd.collect(20_000);
      const back = crowd.absences(killed).map((ms) => ms / 1000);
      const resumed = crowd.clients.flatMap(({ absences }) => absences.filter((one) => one.at >= killed));
      const hadAll = had.map((ms) => ms / 1000);
      const verdict = crowd.book.verdict();
      return report(
        "kill -9 of a node",
        site.name,
        [
          plain("clients", options.clients),
          plain("cut off", back.length),
          plain("of them resumed", resumed.filter((one) => one.resumed).length),
          plain("back, p50 s", quantile(back, 0.5)),
          atMost("back, p99 s", quantile(back, 0.99), BACK_WITHIN * options.patience, " s"),
          plain("came back at once", hadAll.length),
          plain("with all that waited, after the kill, p50 s", quantile(hadAll, 0.5)),
          atMost("the same, worst s", Math.max(0, ...hadAll), WITHIN * options.patience, " s"),
          ...bookFigures(verdict, {
            inOrder: true,
            mayDouble: (id) => (crowd.book.letter(id)?.receivedAt ?? 0) >= killed - UNTOLD,
          }),
          atMost("authentication failures", crowd.authFailures.length, 0),
          plain("stream errors, failed resumptions", crowd.errors),
        ],
        verdict,
        [
          `killed at ${new Date(performance.timeOrigin + killed).toISOString()}`,
          ...linesOf(site, DEATHS),
          ...(await crowd.explain(site)),
        ],
      );
    } finally {
      crowd.stop();
    }
  });
}
