// The certificate for clients that send no SNI: the first host's, as it is now. RFC 6066 §3.
import type { Server } from "node:tls";
import type { TlsContexts } from "./contexts.ts";

/** Keeps the default context of a TLS or HTTPS server current: after a reload the next connection gets the new one. */
export function keepDefaultContext(
  server: Pick<Server, "setSecureContext" | "prependListener">,
  tls: TlsContexts,
  domain: string,
): void {
  let current = tls.forDomain(domain);
  server.setSecureContext(tls.optionsFor(domain));
  server.prependListener("connection", () => {
    const now = tls.forDomain(domain);
    if (now === current) return;
    current = now;
    server.setSecureContext(tls.optionsFor(domain));
  });
}
