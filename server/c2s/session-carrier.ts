// The connection that carries a session, as the session sees it.
import type { StreamLimits } from "../../contract/limits.ts";
import type { NodeMetrics } from "../observe/metrics.ts";
import type { Trace } from "../observe/trace.ts";
import type { Carrier } from "./stream-management/carried.ts";

/** What a session needs of the connection that carries it. */
export interface SessionCarrier extends Carrier {
  readonly context: SessionSurroundings;
}

/** What it needs of its node. */
interface SessionSurroundings {
  readonly trace: Trace;
  readonly metrics: NodeMetrics;
  readonly limits: StreamLimits;
}
