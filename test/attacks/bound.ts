// A raw session of an account at a node under test: bound, and silent.
import { DOMAIN, type Target } from "./node.ts";
import { RawTcp } from "./raw.ts";

/** Logs in and binds a resource over plain TCP. */
export async function bound({ ports }: Pick<Target, "ports">, local: string, resource = "r"): Promise<RawTcp> {
  const raw = await RawTcp.connect(ports.c2s);
  await raw.open(DOMAIN);
  await raw.login(local, DOMAIN);
  await raw.bind(resource);
  return raw;
}
