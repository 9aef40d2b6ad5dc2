// How a storage is, proven by a write: one that can only be read serves nobody who sends.
import type { Stores } from "../ports/store.ts";

/** ms of real time that a write may take. */
const PATIENCE = 2_000;

/** In the words of `/readyz`. */
const SILENT = "the storage does not answer";
const READ_ONLY = "the storage takes no writes";

/**
 * Why no client should come because of the storage, undefined where every backend takes writes. `node` names the row that is
 * written, one for each node.
 */
export async function storageHealth(
  storage: Pick<Stores, "prove" | "ping">,
  node: string,
): Promise<string | undefined> {
  const late = AbortSignal.timeout(PATIENCE);
  const [written, read] = await Promise.all([inTime(storage.prove(node), late), inTime(storage.ping(), late)]);
  if (written) return undefined;
  return read ? READ_ONLY : SILENT;
}

/** True where it succeeds in time. */
function inTime(work: Promise<void>, late: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    late.addEventListener("abort", () => resolve(false), { once: true });
    work.then(
      () => resolve(true),
      () => resolve(false),
    );
  });
}
