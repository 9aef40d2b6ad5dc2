// What modules remember of one session, each under a key of its own.
import type { SessionKey } from "../ports/session.ts";

/** The facts of a session. */
export class Facts {
  private readonly byKey = new Map<SessionKey<unknown>, unknown>();

  get<T>(key: SessionKey<T>): T | undefined {
    return this.byKey.get(key as SessionKey<unknown>) as T | undefined;
  }

  set<T>(key: SessionKey<T>, value: T): void {
    this.byKey.set(key as SessionKey<unknown>, value);
  }

  /** Those that other nodes may know, as JSON by name; with `moving` all that go with the session. */
  shared(moving: boolean): Record<string, unknown> {
    const facts: Record<string, unknown> = {};
    for (const [{ name, shared }, value] of this.byKey)
      if (shared !== undefined && (moving || shared.reach === "everywhere")) facts[name] = shared.toJson(value);
    return facts;
  }
}
