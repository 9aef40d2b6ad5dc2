// DANE: the certificates DNSSEC says a target will present (RFC 7673 §3), where every step to it was validated.
import type { TlsaData } from "dns-packet";
import { type Addresses, isItsOwnAnswer } from "./addresses.ts";
import type { DnsClient } from "./client.ts";
import type { Target } from "./target-order.ts";

/**
 * `records`: the peer must match one of them. `none`: no DANE here, judge the certificate as usual. `failed`: DNSSEC
 * was cut off; the target is not to be used, else whoever cuts it off has switched DANE off (RFC 7673 §3.3).
 */
export type TlsaLookup =
  | { readonly kind: "records"; readonly records: readonly TlsaData[] }
  | { readonly kind: "none" }
  | { readonly kind: "failed"; readonly reason: string };

/** Records of one target that are looked at. */
const MAX_RECORDS = 16;

/**
 * The usable TLSA records of a target; none unless its SRV record, its addresses and they themselves are validated. They
 * are a name's (RFC 6698 §3): of an address there are none, and nothing is asked.
 */
export async function lookUpTlsa(
  client: Pick<DnsClient, "lookup">,
  target: Pick<Target, "host" | "port" | "authenticated">,
  addresses: Addresses,
): Promise<TlsaLookup> {
  if (isItsOwnAnswer(target.host)) return { kind: "none" };
  if (!target.authenticated || addresses.kind !== "addresses" || !addresses.authenticated) return { kind: "none" };
  const found = await client.lookup(`_${target.port}._tcp.${target.host}`, "TLSA");
  if (found.kind === "failed") return found;
  if (found.kind === "none" || !found.authenticated) return { kind: "none" };
  const records = found.records.flatMap((record) =>
    record.type === "TLSA" && isUsable(record.data) ? [record.data] : [],
  );
  return records.length > 0 ? { kind: "records", records: records.slice(0, MAX_RECORDS) } : { kind: "none" };
}

/** Octets of the data for each matching type: whole, SHA-256, SHA-512 (RFC 6698 §2.1.3). */
const LENGTHS: readonly (number | undefined)[] = [undefined, 32, 64];

function isUsable({ usage, selector, matchingType, certificate }: TlsaData): boolean {
  if (usage > 3 || selector > 1 || matchingType > 2 || certificate.length === 0) return false;
  const length = LENGTHS[matchingType];
  return length === undefined || certificate.length === length;
}
