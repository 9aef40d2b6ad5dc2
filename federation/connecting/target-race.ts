// Races a domain's targets, each through its whole establishment: one that is silent, or answers with no stream, holds up none.

import { DialError, dial, type Target } from "../resolver/index.ts";
import { type AttemptState, OutgoingFailure, type Progress } from "../way/progress.ts";
import type { Way } from "../way/way.ts";
import { Deadlines } from "./deadlines.ts";
import { failureOf } from "./loss.ts";

/** ms that a target has before the next one is tried beside it (RFC 8305 §5): a stream takes several round trips. */
const STAGGER = 2_000;
/** The least of that, where there are so many targets that time would not suffice. */
const STAGGER_LEAST = 250;

/** States that each target goes through by itself, in their order. */
const TARGET_STATES: readonly AttemptState[] = ["connecting", "opening", "securing"];

/** A target that no connection could be had to. */
export class Unreached extends Error {
  override readonly name = "Unreached";

  constructor(target: Target, reason: string) {
    super(`${target.host} port ${target.port}: ${reason}`);
  }
}

/** What each target is tried with. */
export interface TargetAttempt {
  /** Told how far this target leads. */
  readonly way: Way;
  readonly signal: AbortSignal;
}

/** What can be closed again, should another have been faster. */
interface Closable {
  readonly stream: { close(): void; destroy(): void };
}

/**
 * Opens a stream by the first target that leads to one; the others are given up. A target's end of any kind (no connection,
 * silence, no TLS, another protocol, `host-unknown`) is its own, and the next one is tried. RFC 6120 §3.2.1.
 * @throws what the only target failed with, or OutgoingFailure naming what each said
 */
export async function raceTargets<T extends Closable>(
  way: Way,
  targets: readonly Target[],
  signal: AbortSignal,
  open: (target: Target, attempt: TargetAttempt) => Promise<T>,
): Promise<T> {
  const { progress, remote } = way;
  const { clock, health, config } = way.context;
  const started = new Set<Target>();
  const enter = furthest(progress);
  const connect = async (target: Target, over: AbortSignal) => {
    started.add(target);
    const deadlines = new Deadlines({
      clock,
      progress: { enter, note: progress.note },
      signal: over,
      states: TARGET_STATES,
    });
    try {
      return await deadlines.race(open(target, { way: way.toldTo(deadlines.progress), signal: deadlines.signal }));
    } catch (error) {
      const cause = deadlines.expired ?? error;
      health.note(remote, target, false);
      const reason = cause instanceof Error ? cause.message : String(cause);
      if (!over.aborted && !(cause instanceof Unreached))
        progress.note("target failed", { host: target.host, port: target.port, reason });
      throw cause;
    } finally {
      deadlines.stop();
    }
  };
  const share = (config.connectSeconds * 1000) / 2 / Math.max(targets.length, 1);
  try {
    const won = await dial(targets, {
      connect: async (target, over) => ({ target, established: await connect(target, over) }),
      clock,
      signal,
      delayMs: Math.max(STAGGER_LEAST, Math.min(STAGGER, share)),
      discard: ({ established }) => established.stream.close(),
    });
    // Those that began before it and are not done.
    for (const target of started) health.note(remote, target, target === won.target);
    signal.addEventListener("abort", () => won.established.stream.destroy(), { once: true });
    if (signal.aborted) won.established.stream.destroy();
    return won.established;
  } catch (error) {
    throw error instanceof DialError ? asOne(remote, error) : error;
  }
}

/** Tells the state of the target that is furthest. */
function furthest({ enter }: Progress): Progress["enter"] {
  let reached = -1;
  return (state) => {
    const rank = TARGET_STATES.indexOf(state);
    if (rank <= reached) return;
    reached = rank;
    enter(state);
  };
}

/** What all targets failed with, as one. */
function asOne(domain: string, { failures, message }: DialError<Target>): unknown {
  const [first] = failures;
  if (first === undefined) return new OutgoingFailure("remote-server-timeout", message);
  if (failures.length === 1 && !(first.error instanceof Unreached)) return first.error;
  const causes = failures.map(({ error }) => failureOf(error, domain));
  const unknown = causes.every(({ condition }) => condition === "remote-server-not-found");
  const said = failures.map(({ candidate, error, reason }) =>
    error instanceof Unreached ? reason : `${candidate.host} port ${candidate.port}: ${reason}`,
  );
  return new OutgoingFailure(
    unknown ? "remote-server-not-found" : "remote-server-timeout",
    `no server of ${domain} could be reached: ${said.join("; ")}`,
    causes.every(({ scope }) => scope === "pair") ? "pair" : "remote",
  );
}
