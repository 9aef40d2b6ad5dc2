// What was received and not yet looked at, in order; a reader waits for the next with a watchdog of real time.
import type { XmlNode } from "./xml-node.ts";

/** One thing received. */
export type Received =
  | { readonly kind: "open"; readonly node: XmlNode }
  | { readonly kind: "element"; readonly node: XmlNode }
  | { readonly kind: "close" }
  | { readonly kind: "end" }
  | { readonly kind: "garbage"; readonly problem: string };

/** Nothing came in time. */
export class NothingCame extends Error {
  override name = "NothingCame";
}

/** Real ms that each expectation waits. */
export const PATIENCE = Number(process.env.TALK_PATIENCE ?? 5_000);

/** For readers that wait as long as the talk does, ms. */
export const FOREVER = 2 ** 31 - 1;

/** A queue with one reader. */
export class Inbox {
  private readonly items: Received[] = [];
  private wake: (() => void) | undefined;

  push(item: Received): void {
    this.items.push(item);
    this.wake?.();
  }

  /** What lies there unread. */
  get unread(): readonly Received[] {
    return this.items;
  }

  /** Forgets what `forget` picks. */
  drop(forget: (item: Received) => boolean): void {
    for (let i = this.items.length - 1; i >= 0; i--) if (forget(this.items[i] as Received)) this.items.splice(i, 1);
  }

  /** The next item, waiting for it. @throws NothingCame after `ms` real milliseconds */
  async next(ms = PATIENCE): Promise<Received> {
    if (this.items.length === 0) await this.arrival(ms);
    return this.items.shift() as Received;
  }

  private arrival(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.wake = undefined;
        reject(new NothingCame(`nothing came within ${ms} ms`));
      }, ms);
      if (ms === FOREVER) timer.unref();
      this.wake = () => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
    });
  }
}
