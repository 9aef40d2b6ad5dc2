// Which name server Prosody asks where it has Debian's lua-unbound, which it takes before its own resolver.

/**
 * A line of its configuration. libunbound asks nobody on 127/8 unless told to, and answers NXDOMAIN for `test.` by itself
 * (RFC 6761 §6.2).
 * @param server an address, and `@port` unless it is 53
 */
export function unboundFor(server: string): string {
  const options = { "do-not-query-localhost:": "no", "local-zone:": "test. transparent" };
  const lua = Object.entries(options).map(([name, value]) => `[${JSON.stringify(name)}] = ${JSON.stringify(value)}`);
  return `unbound = { resolvconf = false; hoststxt = false; forward = { "${server}" }; options = { ${lua.join("; ")} } }`;
}
