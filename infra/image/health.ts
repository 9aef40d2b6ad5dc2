// A container's health command: exit code 0 when the node says that it is well.
import { metricsPort } from "../ports.ts";

const port = process.env.MERIDIAN_METRICS_PORT ?? metricsPort;
const response = await fetch(`http://127.0.0.1:${port}/livez`, { signal: AbortSignal.timeout(4000) }).catch(
  (error: Error) => error,
);
const well = response instanceof Response && response.ok;
if (!well) process.stderr.write(`${response instanceof Error ? response.message : `status ${response.status}`}\n`);
process.exit(well ? 0 : 1);
