// An orderly end: on SIGTERM or SIGINT, on a supervisor's word, or when the supervisor is gone.
import type { RunningNode } from "./node.ts";

/** Ends the process in order once; a second signal ends it at once. `before` runs first. */
export function drainOnSignal(node: RunningNode, before: () => void): void {
  let draining = false;
  const drain = () => {
    if (draining) process.exit(1);
    draining = true;
    before();
    node.drain().then(
      () => process.exit(0),
      (error) => {
        node.server.log.error({ err: error }, "drain failed");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", drain);
  // A terminal sends SIGINT to the whole group; under a supervisor it is the supervisor's to pass on.
  process.on("SIGINT", () => {
    if (process.send === undefined) drain();
  });
  process.on("message", (message: unknown) => {
    if (typeof message === "object" && message !== null && "type" in message && message.type === "drain") drain();
  });
  process.on("disconnect", () => {
    if (!draining) drain();
  });
}

/** A node that waits at its start has nothing to drain: a supervisor's word, or its end, ends the process. Returns what ends that. */
export function endWhileStarting(): () => void {
  const end = () => process.exit(0);
  const told = (message: unknown) => {
    if (typeof message === "object" && message !== null && "type" in message && message.type === "drain") end();
  };
  process.on("message", told);
  process.on("disconnect", end);
  return () => {
    process.off("message", told);
    process.off("disconnect", end);
  };
}
