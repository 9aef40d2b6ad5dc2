// Sessions of this node that can be resumed, by their secret id. XEP-0198 §5.
import type { ResumptionRegistry } from "./beginning.ts";
import type { StreamManagement } from "./stream-management.ts";

/** Sessions that can be resumed, and those that have ended. */
export class ResumableSessions implements ResumptionRegistry {
  private readonly byId = new Map<string, StreamManagement>();
  private endings = 0;

  add(sm: StreamManagement): void {
    this.byId.set(sm.id, sm);
  }

  delete(sm: StreamManagement): void {
    this.byId.delete(sm.id);
  }

  /** Sessions that wait for their clients. */
  get waiting(): number {
    let count = 0;
    for (const { session } of this.byId.values()) if (session.connection === undefined) count++;
    return count;
  }

  /** Sessions that are over, and whose messages are on their way elsewhere. */
  get ending(): number {
    return this.endings;
  }

  ends(rest: Promise<void>): void {
    this.endings++;
    const over = (): void => {
      this.endings--;
    };
    rest.then(over, over);
  }

  find(id: string): StreamManagement | undefined {
    return this.byId.get(id);
  }
}

/** The member of the cluster whose session an id names; undefined for what is no id of ours. */
export function memberOfId(id: string): string | undefined {
  const dot = id.indexOf(".");
  return dot === -1 ? undefined : id.slice(dot + 1);
}
