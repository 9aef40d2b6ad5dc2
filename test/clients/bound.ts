// The other side of a client under test: a raw session of an account, bound and silent.

import { DOMAIN, type Target } from "../attacks/node.ts";
import { RawTcp } from "../attacks/raw.ts";

/** Logs in and binds a resource over plain TCP. */
export async function bound(target: Target, local: string, resource: string): Promise<RawTcp> {
  const raw = await RawTcp.connect(target.ports.c2s);
  await raw.open(DOMAIN);
  await raw.login(local, DOMAIN);
  await raw.bind(resource);
  return raw;
}
