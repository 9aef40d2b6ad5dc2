// HTTP as modules serve it: routes of a virtual host, or of a module's own domain, under the node's HTTP service.
import type { Readable } from "node:stream";

/** What a route may be asked by. */
export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS";

/** A route, as a module declares it. */
export interface HttpRoute {
  readonly method: HttpMethod;
  /** Begins with a slash; where it ends with `/*`, everything below. */
  readonly path: `/${string}`;
  /** Bytes that the body of a request may have; as many as a stanza where it is left out. A longer one is answered with 413. */
  readonly bodyBytes?: number;
  /** True where the body is taken as it comes, and not kept in memory first. */
  readonly streams?: boolean;
}

/** A request. */
export interface HttpRequest {
  readonly method: string;
  /** Decoded by nobody: as the client wrote it, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The whole body; empty where the route streams. */
  readonly body: Buffer;
  /**
   * The body as it comes, where the route streams: the client is read no faster than this is. Empty else. It throws where
   * it is longer than the route allows, comes too slowly, or breaks off.
   */
  readonly stream: AsyncIterable<Buffer>;
  readonly remoteAddress: string;
}

/** What a client is answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | Readable;
}

/** Answers a request; what it throws is logged, and answered with 500 and no more. */
export type HttpHandler = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

/** A route and who answers. */
export interface ServedRoute {
  readonly route: HttpRoute;
  readonly handler: HttpHandler;
}

/** The routes of one domain. */
export interface HttpRoutes {
  /** Who answers; undefined where nobody does. The longest path wins. */
  find(method: string, path: string): ServedRoute | undefined;
}
