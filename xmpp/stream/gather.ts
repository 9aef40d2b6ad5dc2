// Gathers writes: what is written to a socket within one turn of the event loop leaves in one call.

/** Something with gathered text to send. */
export interface Flushable {
  flush(): void;
}

let dirty: Flushable[] = [];
let scheduled = false;

/** Calls `flush` of `target` once at the end of this turn; the caller keeps its own "already scheduled" flag. */
export function flushLater(target: Flushable): void {
  dirty.push(target);
  if (scheduled) return;
  scheduled = true;
  setImmediate(flushAll);
}

function flushAll(): void {
  scheduled = false;
  const targets = dirty;
  dirty = [];
  let failed: { readonly error: unknown } | undefined;
  for (const target of targets)
    try {
      target.flush();
    } catch (error) {
      // A fault of ours, told as any other; the rest of the turn is nobody's fault and goes out.
      failed ??= { error };
    }
  if (failed !== undefined) throw failed.error;
}
