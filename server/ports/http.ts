// HTTP as modules serve it: routes of a virtual host under the node's HTTP service.

/** A route, as a module declares it. */
export interface HttpRoute {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS";
  /** Begins with a slash; where it ends with `/*`, everything below. */
  readonly path: `/${string}`;
}

/** A request, whole: its body is bounded by what a stanza may have of bytes. */
export interface HttpRequest {
  readonly method: string;
  /** Decoded by nobody: as the client wrote it, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
  readonly remoteAddress: string;
}

/** What a client is answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** Answers a request; what it throws is logged, and answered with 500 and no more. */
export type HttpHandler = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

/** The routes of one host. */
export interface HttpRoutes {
  /** Who answers; undefined where nobody does. The longest path wins. */
  find(method: string, path: string): HttpHandler | undefined;
}
