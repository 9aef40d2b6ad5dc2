// The HTTP routes that modules have registered for one domain.
import { enter, type Withdraw } from "../module/registrations.ts";
import type { HttpHandler, HttpRoute, HttpRoutes, ServedRoute } from "../ports/http.ts";

/** Routes by method and path. */
export class RouteTable implements HttpRoutes {
  private readonly exact = new Map<string, ServedRoute>();
  private readonly below = new Map<string, ServedRoute>();

  /** Adds a route; the answer takes it out again. @throws Error where it is taken already */
  add(route: HttpRoute, handler: HttpHandler): Withdraw {
    const { method, path } = route;
    const isPrefix = path.endsWith("/*");
    const table = isPrefix ? this.below : this.exact;
    const key = `${method} ${isPrefix ? path.slice(0, -1) : path}`;
    if (table.has(key)) throw new Error(`the HTTP route ${method} ${path} is taken already`);
    return enter(table, key, { route, handler });
  }

  find(method: string, path: string): ServedRoute | undefined {
    const wanted = `${method} ${path}`;
    const exact = this.exact.get(wanted);
    if (exact !== undefined || this.below.size === 0) return exact;
    // Through the routes, which are few, and not through the path, which a stranger makes as long as he likes.
    let longest = "";
    for (const prefix of this.below.keys())
      if (prefix.length > longest.length && wanted.startsWith(prefix)) longest = prefix;
    return this.below.get(longest);
  }

  /** Each as `GET /path`. */
  get names(): readonly string[] {
    return [...this.exact.keys(), ...[...this.below.keys()].map((key) => `${key}*`)];
  }
}
