// Whether a remote domain has everything it is to get, before this server ends.
import type { Carrier } from "../carrying/carrier.ts";
import type { Remote } from "./remote.ts";

/** True where nothing waits that could go out, and nothing is unacknowledged. */
export function isSettled(remote: Remote): boolean {
  const carriers = carriersOf(remote);
  // Nothing can go out during a pause after failures.
  if (carriers.size === 0 && !remote.dialer.busy) return true;
  for (const { queue } of remote.pairs.values()) if (queue.length > 0) return false;
  for (const { mode, ledger } of carriers) if (mode === "sm" && ledger.length > 0) return false;
  return true;
}

/** Asks for what is unacknowledged. */
export function hurry(remote: Remote): void {
  for (const carrier of carriersOf(remote)) if (carrier.ledger.length > 0) carrier.ask();
}

/** Every way to it: streams of ours, and its own for both ways. */
function carriersOf({ streams, pairs }: Remote): Set<Carrier> {
  const carriers = new Set<Carrier>();
  for (const { carrier } of streams) carriers.add(carrier);
  for (const { carrier } of pairs.values()) if (carrier?.stream.writable === true) carriers.add(carrier);
  return carriers;
}
