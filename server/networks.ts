// Which addresses count as one: what a subscriber or an owner commonly has.
import { isIPv6 } from "node:net";

/** An IPv4 address as it is; of an IPv6 address its /64, which one subscriber has whole. RFC 6177. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1]!;
  const plain = address.replace(/%.*$/, "");
  if (!isIPv6(plain)) return address;
  const [head = "", tail] = plain.toLowerCase().split("::", 2);
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const embedded = right.at(-1)?.includes(".") || left.at(-1)?.includes(".") ? 1 : 0;
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length - embedded;
  const groups = [...left, ...Array<string>(zeros).fill("0"), ...right];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}

/** The block of addresses that one owner commonly has: IPv4 /24, IPv6 /48. */
export function blockOf(address: string): string {
  const network = networkOf(address);
  const separator = network.includes(":") ? ":" : ".";
  return network.split(separator).slice(0, 3).join(separator);
}
