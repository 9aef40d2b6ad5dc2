// The port for machines that watch: metrics, and whether the node lives and is ready.
import type { AddressInfo } from "node:net";
import Fastify from "fastify";
import { REQUEST_CHECKS } from "../request-checks.ts";
import type { NodeMetrics } from "./metrics.ts";

/** ms that a request may take to come in whole; Fastify waits for ever unless told otherwise. */
const REQUEST_TIMEOUT = 10_000;

/** What the listener tells. */
export interface Observed {
  readonly metrics: NodeMetrics;
  /** Why the node should get no new clients; undefined where it should. */
  notReady(): Promise<string | undefined>;
}

/** A running listener. */
export interface ObserveListener {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts it. `/livez`: the process alone; `/readyz`: 503 while draining or without storage; `/metrics`: Prometheus. */
export async function listenForObservers(address: string, port: number, observed: Observed): Promise<ObserveListener> {
  const app = Fastify({
    forceCloseConnections: true,
    requestTimeout: REQUEST_TIMEOUT,
    http: REQUEST_CHECKS,
  });
  app.get("/livez", (_request, reply) => reply.type("text/plain").send("ok\n"));
  app.get("/readyz", async (_request, reply) => {
    const reason = await observed.notReady();
    return reply
      .code(reason === undefined ? 200 : 503)
      .type("text/plain")
      .send(`${reason ?? "ok"}\n`);
  });
  app.get("/metrics", async (_request, reply) => {
    const registry = await observed.metrics.registry();
    return reply.type(registry.contentType).send(await registry.metrics());
  });
  await observed.metrics.registry();
  await app.listen({ host: address, port });
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
}
