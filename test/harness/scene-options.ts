// What the options of a talk's lines say of a client and of an impersonated server.
import { randomInt } from "node:crypto";
import { CERTIFICATE_KINDS } from "./certificates.ts";
import { STAGES, type Stage } from "./client.ts";
import type { PeerPlan } from "./peer.ts";
import type { Options } from "./talk.ts";

/** How far a client goes by itself. @throws Error naming the stages there are */
export function stageOf(options: Options): Stage {
  if (options.has("online") || options.has("priority")) return "online";
  if (options.has("manual")) return "connected";
  const stage = options.get("stage") ?? "bound";
  const known = STAGES.find((one) => one === stage);
  if (known === undefined) throw new Error(`no stage ${stage}: ${STAGES.join(", ")}`);
  return known;
}

/** How an impersonated server behaves by itself. @throws Error naming what is allowed */
export function peerPlan(domain: string, options: Options): PeerPlan {
  const choose = <T extends string>(name: string, allowed: readonly T[]): T => {
    const value = options.get(name) ?? allowed[0]!;
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw new Error(`peer ${domain}: ${name}=${value} is none of ${allowed.join(", ")}`);
    return found;
  };
  return {
    domain,
    auth: choose("auth", ["external", "dialback", "none"]),
    tls: choose("tls", ["starttls", "direct", "none"]),
    certificate: choose("certificate", CERTIFICATE_KINDS),
    manual: options.has("manual"),
    // A port that is given may be taken at 127.0.0.1: such a peer gets an address of its own.
    address: options.has("port") ? `127.${1 + randomInt(254)}.${randomInt(256)}.${1 + randomInt(254)}` : "127.0.0.1",
    port: Number(options.get("port") ?? 0),
  };
}
