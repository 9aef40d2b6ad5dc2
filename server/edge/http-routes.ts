// Brings HTTP requests to the modules that serve the domain they are for.
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { type Clock, pause } from "../../xmpp/clock.ts";
import { logFailure } from "../observe/failure.ts";
import type { HttpRoutes, ServedRoute } from "../ports/http.ts";
import { type BodyTime, BodyTooLarge, streamed, timeBody, whole } from "./http-bodies.ts";

/** A virtual host, as far as it serves HTTP. */
export interface HttpHost {
  readonly httpRoutes: HttpRoutes;
  /** The same of domains that its modules serve beside it. */
  readonly httpDomains: ReadonlyMap<string, HttpRoutes>;
  /** While its modules are changed. */
  readonly changing: Promise<unknown> | undefined;
}

/** What it has of the node. */
export interface RoutedHttp {
  readonly hosts: ReadonlyMap<string, HttpHost>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Bytes of a body whose route says nothing of that. */
  readonly bodyBytes: number;
  /** ms in which a body comes whole; where it streams, the next piece of it. */
  readonly patience: number;
}

/** Methods that modules may serve; HEAD and OPTIONS are theirs as well. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];

/** ms that a request waits for the module that may answer it, while modules are changed. */
const CHANGE = 5_000;

/**
 * What Fastify calls a plugin by. For one without it, it looks twice for its file among all modules that the process has
 * loaded, which costs more than the rest of the listener's start where these are many.
 */
const NAMED = Symbol.for("fastify.display-name");

/**
 * Lets modules answer whatever the listener does not answer itself. The `Host` header says which domain is meant; a node
 * that has one host alone answers for it under any name.
 */
export function serveModules(app: FastifyInstance, node: RoutedHttp): void {
  const times = new WeakMap<FastifyRequest, BodyTime>();
  app.addHook("onRequest", (request, reply, done) => {
    times.set(request, timeBody(request.raw, reply.raw, node));
    done();
  });
  const modules: FastifyPluginAsync & { [NAMED]?: string } = async (scope) => {
    scope.removeAllContentTypeParsers();
    // Read by whoever answers, within the bounds of the route.
    scope.addContentTypeParser("*", (_request, _body, done) => done(null));
    scope.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) => {
      const { statusCode = 500 } = error;
      if (statusCode >= 500) logFailure(node.log, error, "an HTTP request failed");
      return reply.code(statusCode).send();
    });
    const found = new WeakMap<FastifyRequest, ServedRoute>();
    scope.route({
      method: METHODS,
      url: "/*",
      exposeHeadRoute: false,
      // Before its body is read: nothing is kept of a request that nobody will answer.
      onRequest: async (request, reply) => {
        const served = await servedOf(request, node);
        if (served === "changing")
          return reply
            .code(503)
            .header("retry-after", String(CHANGE / 1000))
            .send();
        if (served === undefined) return reply.code(404).send();
        found.set(request, served);
      },
      handler: (request, reply) =>
        answer(found.get(request) as ServedRoute, { request, reply, node, time: times.get(request) as BodyTime }),
    });
  };
  modules[NAMED] = "modules";
  void app.register(modules);
}

/** Who answers. While modules are changed nobody may for a moment, which is waited for. */
async function servedOf(request: FastifyRequest, node: RoutedHttp): Promise<ServedRoute | "changing" | undefined> {
  const { clock } = node;
  for (const end = clock.now() + CHANGE; ; ) {
    const { routes, hosts } = domainOf(request.hostname.toLowerCase(), node.hosts);
    const served = routes?.find(request.method, pathOf(request.url));
    const changes = hosts.flatMap(({ changing }) => changing ?? []);
    if (served !== undefined || changes.length === 0) return served;
    const left = end - clock.now();
    if (left <= 0) return "changing";
    await Promise.race([Promise.allSettled(changes), pause(clock, left)]);
  }
}

/** The routes that a name stands for, and the hosts whose modules may add some: of an unknown one, any. */
function domainOf(
  name: string,
  hosts: RoutedHttp["hosts"],
): { readonly routes: HttpRoutes | undefined; readonly hosts: readonly HttpHost[] } {
  const host = hosts.get(name);
  if (host !== undefined) return { routes: host.httpRoutes, hosts: [host] };
  const all = [...hosts.values()];
  for (const one of all) {
    const routes = one.httpDomains.get(name);
    if (routes !== undefined) return { routes, hosts: [one] };
  }
  return { routes: all.length === 1 ? all[0]?.httpRoutes : undefined, hosts: all };
}

/** A request that somebody answers. */
interface Answered {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly node: RoutedHttp;
  readonly time: BodyTime;
}

async function answer(
  { route, handler }: ServedRoute,
  { request, reply, node, time }: Answered,
): Promise<FastifyReply> {
  const { method, url, headers, ip, raw } = request;
  const path = pathOf(url);
  const most = route.bodyBytes ?? node.bodyBytes;
  try {
    const body = route.streams === true ? Buffer.alloc(0) : await whole(raw, most);
    const stream = streamed(raw, most, time);
    const query = new URLSearchParams(url.slice(path.length));
    // Its time is that of the reads of it, and what is left once it was answered has time as well.
    if (route.streams === true) time.rest();
    const given = await handler({ method, path, query, headers, body, stream, remoteAddress: ip });
    time.again();
    return reply
      .code(given.status)
      .headers(given.headers ?? {})
      .send(given.body);
  } catch (error) {
    // What is left of the body is not read: the connection ends with the answer.
    if (!raw.complete) reply.header("connection", "close");
    if (error instanceof BodyTooLarge) return reply.code(413).send();
    // A client that went away in the middle is no fault of the route.
    if (raw.complete || !raw.destroyed) logFailure(node.log, error, "an HTTP route failed", { method, path });
    return reply.code(500).send();
  }
}

function pathOf(url: string): string {
  return url.split("?", 1)[0] ?? "";
}
