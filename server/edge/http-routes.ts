// Brings HTTP requests to the modules of the host that they are for.
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { logFailure } from "../observe/failure.ts";
import type { HttpHandler, HttpRoutes } from "../ports/http.ts";

/** What it has of the node. */
export interface RoutedHttp {
  readonly hosts: ReadonlyMap<string, { readonly httpRoutes: HttpRoutes }>;
  readonly log: Logger;
}

/** Methods that modules may serve; HEAD and OPTIONS are theirs as well. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];

/**
 * What Fastify calls a plugin by. For one without it, it looks twice for its file among all modules that the process has
 * loaded, which costs more than the rest of the listener's start where these are many.
 */
const NAMED = Symbol.for("fastify.display-name");

/**
 * Lets modules answer whatever the listener does not answer itself. The `Host` header says which virtual host is meant;
 * a node that has one host alone answers for it under any name.
 */
export function serveModules(app: FastifyInstance, node: RoutedHttp): void {
  const modules: FastifyPluginAsync & { [NAMED]?: string } = async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    scope.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) => {
      // The listener's own: a body too large, or none that can be read.
      const { statusCode = 500 } = error;
      if (statusCode >= 500) logFailure(node.log, error, "an HTTP request failed");
      return reply.code(statusCode).send();
    });
    const found = new WeakMap<FastifyRequest, HttpHandler>();
    scope.route({
      method: METHODS,
      url: "/*",
      exposeHeadRoute: false,
      // Before its body is read: nothing is kept of a request that nobody will answer.
      onRequest: (request, reply, done) => {
        const handler = handlerOf(request, node);
        if (handler === undefined) return void reply.code(404).send();
        found.set(request, handler);
        done();
      },
      handler: (request, reply) => answer(found.get(request) as HttpHandler, request, reply, node.log),
    });
  };
  modules[NAMED] = "modules";
  void app.register(modules);
}

function handlerOf({ method, url, hostname }: FastifyRequest, { hosts }: RoutedHttp): HttpHandler | undefined {
  const [only] = hosts.values();
  const host = hosts.get(hostname.toLowerCase()) ?? (hosts.size === 1 ? only : undefined);
  return host?.httpRoutes.find(method, pathOf(url));
}

async function answer(
  handler: HttpHandler,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Logger,
): Promise<FastifyReply> {
  const { method, url, headers, ip, body } = request;
  const query = new URLSearchParams(url.slice(pathOf(url).length));
  try {
    const given = await handler({
      method,
      path: pathOf(url),
      query,
      headers,
      body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
      remoteAddress: ip,
    });
    return reply
      .code(given.status)
      .headers(given.headers ?? {})
      .send(given.body);
  } catch (error) {
    logFailure(log, error, "an HTTP route failed", { method, path: pathOf(url) });
    return reply.code(500).send();
  }
}

function pathOf(url: string): string {
  return url.split("?", 1)[0] ?? "";
}
