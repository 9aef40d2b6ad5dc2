// Where a remote domain's servers are, and a connection to one of them by happy eyeballs. RFC 6120 §3.2, XEP-0368.
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Reached } from "../negotiation/opening.ts";
import { dial, type Target } from "../resolver/index.ts";
import { connectOptions } from "../tls/index.ts";
import type { FederationContext } from "../way/context.ts";
import { OutgoingFailure } from "../way/progress.ts";
import type { Way } from "../way/way.ts";
import { Unreached } from "./target-race.ts";

/** Where a domain's servers are. @throws OutgoingFailure */
export async function targetsOf({ context, remote, progress }: Way): Promise<readonly Target[]> {
  const resolution = await context.resolver.resolveDomain(remote, "xmpp-server");
  switch (resolution.kind) {
    case "targets":
      for (const { host, port, directTls, priority, authenticated } of resolution.targets)
        progress.note("target", { host, port, directTls, priority, dnssec: authenticated });
      return resolution.targets;
    case "refused":
      throw new OutgoingFailure("remote-server-not-found", `${remote} says that it has no XMPP server`);
    case "not-found":
      throw new OutgoingFailure("remote-server-not-found", resolution.reason);
    case "failed":
      throw new OutgoingFailure("remote-server-not-found", `DNS gave no answer: ${resolution.reason}`);
  }
}

/** Connects to a target, by the first of its addresses that answers. @throws Unreached saying why not */
export async function reach(way: Way, target: Target, signal: AbortSignal): Promise<Reached> {
  const { context, progress } = way;
  const failures: string[] = [];
  const { host, port, directTls } = target;
  const fail = (reason: string) => {
    failures.push(reason);
    progress.note("unreachable", { host, port, reason });
  };
  const tlsa = await context.resolver.tlsaOf(target);
  if (tlsa.kind === "failed") fail(`its TLSA records cannot be had: ${tlsa.reason}`);
  else {
    const dane = tlsa.kind === "records" ? { host, records: tlsa.records } : undefined;
    let tried: readonly string[] = [];
    for await (const addresses of addressesOf(context, target, fail)) {
      const fresh = addresses.filter((address) => !tried.includes(address));
      if (fresh.length === 0 || signal.aborted) break;
      tried = fresh;
      try {
        const socket = await dial(fresh, {
          clock: context.clock,
          signal,
          connect: (address, abort) => connectOne(way, { target, address }, abort),
          discard: (late) => late.destroy(),
        });
        const address = socket.remoteAddress ?? "";
        progress.note("connected", { address, port, host, directTls });
        return { socket, target, address, dane };
      } catch (error) {
        if (!signal.aborted) fail(reasonOf(error));
      }
    }
  }
  throw new Unreached(target, failures.join("; ") || "given up");
}

/** The addresses that came with the SRV record, which saves a round trip; where they fail, those that DNS is asked for. */
async function* addressesOf(
  context: FederationContext,
  target: Target,
  fail: (reason: string) => void,
): AsyncGenerator<readonly string[]> {
  if (target.addresses !== undefined && !context.config.trustDnssec) yield target.addresses;
  const found = await context.resolver.addressesOf(target.host);
  if (found.kind === "addresses") yield found.addresses;
  else fail(found.reason);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { failures } = error as { failures?: readonly { reason: string }[] };
  const reasons = [...new Set(failures?.map(({ reason }) => reason) ?? [])];
  return reasons.length > 0 ? reasons.join(", ") : error.message;
}

/** In the words of the log and of `s2s test`; no sender is told. */
export function notDialled(address: string): string {
  return `${address} is not dialled: it is no address of the public Internet, nor in federation.privateNetworks`;
}

function connectOne(
  { context, local, remote }: Way,
  { target, address }: { readonly target: Target; readonly address: string },
  signal: AbortSignal,
): Promise<Socket> {
  const secureContext = context.tlsContext(local);
  return new Promise((resolve, reject) => {
    // Looked at here, behind every resolution and redirection: what a name leads to is its owner's choice. RFC 6890.
    if (!context.dialable.has(address)) return reject(new Error(notDialled(address)));
    if (target.directTls && secureContext === undefined)
      return reject(new Error(`direct TLS needs a certificate of ${local}`));
    const socket =
      target.directTls && secureContext !== undefined
        ? connectTls({
            ...connectOptions({ context: secureContext, domain: remote, directTls: true }),
            host: address,
            port: target.port,
          })
        : connectTcp({ host: address, port: target.port });
    const abort = () => socket.destroy(new Error("given up"));
    signal.addEventListener("abort", abort, { once: true });
    const settle = (error?: Error) => {
      signal.removeEventListener("abort", abort);
      socket.off("error", settle).off("close", closed);
      if (error === undefined) resolve(socket);
      else reject(error);
    };
    const closed = () => settle(new Error("the connection was closed"));
    socket.once("error", settle);
    socket.once("close", closed);
    socket.once(target.directTls ? "secureConnect" : "connect", () => settle());
  });
}
