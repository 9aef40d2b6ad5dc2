// When a local world is to end: Ctrl-C, SIGTERM, a closed terminal, or the program that started it gone.
import { parentOf } from "./process-identity.ts";

/** Watches for the end. */
export interface EndWatch {
  /** Aborted when the end was asked for. */
  readonly signal: AbortSignal;
  /** Resolves then. */
  readonly whenAsked: Promise<void>;
  /** What a start that was interrupted exits with. */
  readonly exitCode: number;
  /** Called when the end is asked for a second time, before the process exits. */
  killAtOnce: () => void;
  /** Stops watching. */
  forget(): void;
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** ms between two looks at the parent. */
const LOOK_EVERY = 1000;

/** Starts watching. */
export function watchEnd(): EndWatch {
  const controller = new AbortController();
  let exitCode = 1;
  const ask = (code: number) => {
    if (controller.signal.aborted) {
      watch.killAtOnce();
      process.exit(code);
    }
    exitCode = code;
    controller.abort(new Error("interrupted"));
  };
  const handlers = Object.entries(SIGNALS).map(([name, code]) => ({ name, handler: () => ask(code) }));
  for (const { name, handler } of handlers) process.on(name, handler);
  const lastResort = () => watch.killAtOnce();
  process.on("exit", lastResort);
  const orphaned = parentGone(() => {
    if (!controller.signal.aborted) ask(1);
  });
  const watch: EndWatch = {
    signal: controller.signal,
    whenAsked: new Promise((resolve) => controller.signal.addEventListener("abort", () => resolve(), { once: true })),
    get exitCode() {
      return exitCode;
    },
    killAtOnce: () => undefined,
    forget() {
      clearInterval(orphaned);
      process.off("exit", lastResort);
      for (const { name, handler } of handlers) process.off(name, handler);
    },
  };
  return watch;
}

/**
 * npm runs us by a shell, and a shell that dies, or whose npm dies, leaves its child behind: when one of the two that
 * npm (or our own launcher) gave us is gone, nobody can press Ctrl-C any more.
 */
function parentGone(tell: () => void): NodeJS.Timeout | undefined {
  const byNpm = process.env.npm_lifecycle_event === "start";
  if (!byNpm && process.env.MERIDIAN_LAUNCHER === undefined) return undefined;
  const ancestors = () => [process.ppid, byNpm ? parentOf(process.ppid) : undefined].join(" ");
  const first = ancestors();
  return setInterval(() => {
    if (ancestors() !== first) tell();
  }, LOOK_EVERY).unref();
}
