// What several nodes replace without a lock: each rests on what it read, and begins anew where that is another by then.
import { StoreUnavailable } from "../../ports/store.ts";

/** Times that an attempt is made anew. */
const ATTEMPTS = 20;

/**
 * What `attempt` comes to, made anew where it comes to nothing (undefined) because what it had read was replaced
 * meanwhile, by whatever node (`DocumentStore.replace`). Of those that meet one goes on each time, so that nobody waits
 * for who is slow or dead. @throws StoreUnavailable where too many meet
 */
export async function whileChanging<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let at = 0; at < ATTEMPTS; at++) {
    const done = await attempt();
    if (done !== undefined) return done;
  }
  throw new StoreUnavailable("too many change the same at once");
}
