// What strangers do is logged, but not without end: so many lines for each network, and then how many more there were.
import type { Logger } from "pino";
import type { Clock } from "../../xmpp/clock.ts";
import { blockOf } from "../networks.ts";

/** ms within which lines are counted. */
const WINDOW = 60_000;
/** Lines of one network within it, and of one name there: names are free to whoever makes them up. */
const LINES = 40;
const LINES_OF_NAME = 10;
/** Networks that are told apart; all others count as one. */
const NETWORKS = 1_000;

/** The lines of one network since a while. */
interface Window {
  readonly until: number;
  lines: number;
  left: number;
  readonly byName: Map<string, number>;
}

/** Who caused a line. */
export interface Stranger {
  /** The address it came from. */
  readonly peer: string;
  /** Whom it is about (a domain, an account), believed or not; "" where nobody is named. */
  readonly name: string;
}

/** A log of what anybody can cause who reaches a port of ours. */
export class StrangersLog {
  private readonly log: Logger;
  private readonly clock: Clock;
  /** In order of their ends. */
  private readonly windows = new Map<string, Window>();

  constructor(log: Logger, clock: Clock) {
    this.log = log;
    this.clock = clock;
  }

  /**
   * Writes a line, or counts it where its network has had its share for now; the count is told at the end of the minute.
   */
  tell({ peer, name }: Stranger, facts: object, text: string, level: "info" | "warn" = "info"): void {
    this.log[this.admits(peer, name) ? level : "debug"](facts, text);
  }

  /** True where one more line may be written; one that is not is counted. */
  admits(peer: string, name: string): boolean {
    const window = this.windowOf(blockOf(peer));
    const named = window.byName.get(name) ?? 0;
    const room = window.lines < LINES && named < LINES_OF_NAME;
    if (room) {
      window.lines++;
      window.byName.set(name, named + 1);
    } else if (++window.left === 1) this.clock.setTimeout(() => this.sweep(), window.until - this.clock.now());
    return room;
  }

  private windowOf(network: string): Window {
    this.sweep();
    const known = this.windows.get(network);
    if (known !== undefined) return known;
    if (this.windows.size >= NETWORKS && network !== OTHERS) return this.windowOf(OTHERS);
    const window: Window = { until: this.clock.now() + WINDOW, lines: 0, left: 0, byName: new Map() };
    this.windows.set(network, window);
    return window;
  }

  /** Ends the windows whose time is over. */
  private sweep(): void {
    const now = this.clock.now();
    for (const [network, { until, left }] of this.windows) {
      // A clock that was set back ends them as well.
      if (until > now && until <= now + WINDOW) return;
      this.windows.delete(network);
      if (left > 0) this.log.info({ network, left }, "lines about strangers were left out");
    }
  }
}

/** No network is called so. */
const OTHERS = "others";
