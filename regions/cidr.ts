// IPv4 ranges in CIDR notation as numbers: parsing, overlap, splitting. Pure.

/** A range of IPv4 addresses: the first one as a number, and the length of its prefix. */
export interface Cidr {
  readonly base: number;
  readonly prefix: number;
}

/** Reads `10.1.0.0/16`. @returns undefined when it is none, or when bits are set beyond the prefix */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!match) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  if (Math.max(a, b, c, d) > 255 || prefix > 32) return undefined;
  const base = ((a * 256 + b) * 256 + c) * 256 + d;
  return base % addressesOf(prefix) === 0 ? { base, prefix } : undefined;
}

export function formatCidr({ base, prefix }: Cidr): string {
  const octets = [base / 2 ** 24, base / 2 ** 16, base / 2 ** 8, base].map((part) => Math.floor(part) % 256);
  return `${octets.join(".")}/${prefix}`;
}

/** How many addresses a prefix leaves. */
export function addressesOf(prefix: number): number {
  return 2 ** (32 - prefix);
}

export function overlap(a: Cidr, b: Cidr): boolean {
  return a.base < b.base + addressesOf(b.prefix) && b.base < a.base + addressesOf(a.prefix);
}

export function contains(outer: Cidr, inner: Cidr): boolean {
  return outer.prefix <= inner.prefix && overlap(outer, inner);
}

/** The `index`th part of `range` when it is cut into parts of `prefix`. */
export function part(range: Cidr, prefix: number, index: number): Cidr {
  return { base: range.base + index * addressesOf(prefix), prefix };
}

/** Ranges for private networks: RFC 1918 §3, and RFC 6598. */
export const privateRanges: readonly Cidr[] = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
].flatMap((text) => parseCidr(text) ?? []);
