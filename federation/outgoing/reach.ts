// Reaches a remote domain: resolution, then its targets in order, each by happy eyeballs. RFC 6120 §3.2, XEP-0368.
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { FederationContext } from "../context.ts";
import { dial, type Target } from "../resolver/index.ts";
import { connectOptions } from "../tls/index.ts";
import { OutgoingFailure } from "./states.ts";

/** A connection to one of a domain's targets. */
export interface Reached {
  readonly socket: Socket | TLSSocket;
  readonly target: Target;
}

/** Where a domain's servers are. @throws OutgoingFailure */
export async function targetsOf(context: FederationContext, domain: string): Promise<readonly Target[]> {
  const resolution = await context.resolver.resolveDomain(domain, "xmpp-server");
  switch (resolution.kind) {
    case "targets":
      return resolution.targets;
    case "refused":
      throw new OutgoingFailure("remote-server-not-found", `${domain} says that it has no XMPP server`);
    case "not-found":
      throw new OutgoingFailure("remote-server-not-found", resolution.reason);
    case "failed":
      throw new OutgoingFailure("remote-server-timeout", resolution.reason);
  }
}

/** Connects to the first target that answers. @throws OutgoingFailure naming what each said */
export async function reach(
  context: FederationContext,
  from: string,
  domain: string,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<Reached> {
  const failures: string[] = [];
  for (const target of targets) {
    const found = await context.resolver.addressesOf(target.host);
    if (found.kind !== "addresses") {
      failures.push(`${target.host}: ${found.reason}`);
      continue;
    }
    try {
      const socket = await dial(found.addresses, {
        clock: context.clock,
        signal,
        connect: (address, abort) => connectOne(context, from, domain, target, address, abort),
        discard: (late) => late.destroy(),
      });
      return { socket, target };
    } catch (error) {
      failures.push(`${target.host}:${target.port}: ${reasonOf(error)}`);
      if (signal.aborted) break;
    }
  }
  throw new OutgoingFailure("remote-server-timeout", `no server of ${domain} could be reached: ${failures.join("; ")}`);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { failures } = error as { failures?: readonly { reason: string }[] };
  const reasons = failures?.map(({ reason }) => reason) ?? [];
  return reasons.length > 0 ? reasons.join(", ") : error.message;
}

function connectOne(
  context: FederationContext,
  from: string,
  domain: string,
  target: Target,
  address: string,
  signal: AbortSignal,
): Promise<Socket> {
  const secureContext = context.tlsContext(from);
  return new Promise((resolve, reject) => {
    if (target.directTls && secureContext === undefined) return reject(new Error("direct TLS needs a certificate"));
    const socket =
      target.directTls && secureContext !== undefined
        ? connectTls({
            ...connectOptions({ context: secureContext, domain, directTls: true }),
            host: address,
            port: target.port,
          })
        : connectTcp({ host: address, port: target.port });
    const abort = () => socket.destroy(new Error("given up"));
    signal.addEventListener("abort", abort, { once: true });
    const settle = (error?: Error) => {
      signal.removeEventListener("abort", abort);
      socket.off("error", settle);
      if (error === undefined) resolve(socket);
      else reject(error);
    };
    socket.once("error", settle);
    socket.once(target.directTls ? "secureConnect" : "connect", () => settle());
  });
}
