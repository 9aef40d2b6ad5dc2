// What nodes warn of their links to other regions: shown, but where the other region is away, which that says itself.

/** ms before a warning and after it in which the other region's being away explains it: links come back after a while. */
const BEFORE = 20_000;
const AFTER = 2_000;

/** What it asks for. */
export interface LinkWarningsOptions {
  /** When a region with this domain was away last, ms since the epoch: now, while it is. Undefined: no region's domain. */
  lastAway(domain: string): number | undefined;
  print(line: string): void;
  /** Clock and timer, so that tests can hold them. */
  readonly now?: () => number;
  readonly later?: (work: () => void, ms: number) => void;
}

/** Shows the warnings of all nodes of a world. */
export class LinkWarnings {
  readonly #options: LinkWarningsOptions;

  constructor(options: LinkWarningsOptions) {
    this.#options = options;
  }

  /** Takes a line that concerns these domains; none: it is about something else, and shown at once. */
  take(line: string, domains: readonly string[]): void {
    const { lastAway, print, now = Date.now, later = laterUnref } = this.#options;
    if (domains.every((domain) => lastAway(domain) === undefined)) return print(line);
    const at = now();
    // A link breaks a moment before the process behind it is known to be gone.
    later(() => {
      if (!domains.some((domain) => (lastAway(domain) ?? Number.NEGATIVE_INFINITY) >= at - BEFORE)) print(line);
    }, AFTER);
  }
}

function laterUnref(work: () => void, ms: number): void {
  setTimeout(work, ms).unref();
}
