// What tests need of Debian's packages: the one place that names them, for tests, for `npm test -- --install` and for CI.

/** Software of others that some tests start or talk to. */
export interface Software {
  /** Debian's packages that bring it. */
  readonly packages: readonly [string, ...string[]];
  /** Paths of its program, the best first: one of them is enough. A `*` stands for one part of a path. */
  readonly program: readonly [string, ...string[]];
  /** What has to be there besides; the same `*`. */
  readonly files?: readonly string[];
  /** What is tested with it, as a reader of the table of what was not run wants to know. */
  readonly for: string;
  /** True where Debian may lack it: its tests are left out then, in CI too, and nothing is installed. */
  readonly optional?: boolean;
}

/** By the name that tests give in `needing`. */
export const SOFTWARE = {
  redis: {
    packages: ["redis-server"],
    program: ["/usr/bin/redis-server", "/usr/local/bin/redis-server", "/usr/bin/valkey-server"],
    for: "regions of several nodes: cluster, talks, chaos",
  },
  valkey: {
    packages: ["valkey-server"],
    program: ["/usr/bin/valkey-server", "/usr/local/bin/valkey-server"],
    for: "Valkey in place of Redis",
    optional: true,
  },
  postgres: {
    packages: ["postgresql"],
    program: ["/usr/lib/postgresql/*/bin/initdb", "/usr/local/bin/initdb", "/usr/bin/initdb"],
    for: "storage in PostgreSQL, chaos, worlds of several nodes",
  },
  mariadb: {
    packages: ["mariadb-server"],
    program: ["/usr/sbin/mariadbd", "/usr/local/sbin/mariadbd", "/usr/libexec/mariadbd", "/usr/sbin/mysqld"],
    for: "storage in MariaDB",
  },
  haproxy: {
    packages: ["haproxy"],
    program: ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/usr/local/bin/haproxy"],
    for: "balancers: the PROXY protocol, worlds of several nodes",
  },
  chromium: {
    packages: ["chromium", "fonts-dejavu-core"],
    program: ["/usr/bin/chromium", "/usr/local/bin/chromium", "/usr/bin/google-chrome"],
    for: "the page of the local world, Converse.js",
  },
  prosody: {
    packages: ["prosody", "lua-sec"],
    program: ["/usr/bin/prosody"],
    files: ["/usr/lib/*/lua/*/ssl.so"],
    for: "federation with Prosody",
  },
  ejabberd: {
    packages: ["ejabberd"],
    program: ["/usr/sbin/ejabberdctl"],
    files: ["/usr/bin/erl"],
    for: "federation with ejabberd",
  },
  dnsmasq: {
    packages: ["dnsmasq-base"],
    program: ["/usr/sbin/dnsmasq"],
    for: "federation with Prosody and ejabberd",
  },
  openssl: {
    packages: ["openssl"],
    program: ["/usr/bin/openssl", "/usr/local/bin/openssl"],
    for: "certificates of peers, Redis by TLS, TLS of others",
  },
  gnutls: {
    packages: ["gnutls-bin"],
    program: ["/usr/bin/gnutls-cli", "/usr/local/bin/gnutls-cli"],
    for: "TLS of others: GnuTLS",
  },
  python: {
    packages: ["python3"],
    program: ["/usr/bin/python3", "/usr/local/bin/python3"],
    for: "TLS of others: Python",
  },
  slixmpp: {
    packages: ["python3-slixmpp"],
    program: ["/usr/bin/python3"],
    files: ["/usr/lib/python3/dist-packages/slixmpp"],
    for: "clients of others: slixmpp",
  },
  lxml: {
    packages: ["python3-lxml"],
    program: ["/usr/bin/python3"],
    files: ["/usr/lib/python3/dist-packages/lxml"],
    for: "what leaves the server, read by expat and libxml2",
  },
  profanity: {
    packages: ["profanity"],
    program: ["/usr/bin/profanity"],
    files: ["/usr/bin/script"],
    for: "clients of others: Profanity",
  },
  mcabber: {
    packages: ["mcabber"],
    program: ["/usr/bin/mcabber"],
    files: ["/usr/bin/script"],
    for: "clients of others: mcabber",
  },
  "go-sendxmpp": {
    packages: ["go-sendxmpp"],
    program: ["/usr/bin/go-sendxmpp"],
    for: "clients of others: go-sendxmpp",
  },
  libstrophe: {
    packages: ["libstrophe-dev", "gcc", "libc6-dev"],
    program: ["/usr/bin/cc", "/usr/bin/gcc"],
    files: ["/usr/include/strophe.h", "/usr/include/stdio.h"],
    for: "clients of others: libstrophe",
  },
  socat: {
    packages: ["socat"],
    program: ["/usr/bin/socat"],
    for: "federation over a slow network",
  },
  ip: {
    packages: ["iproute2"],
    program: ["/usr/sbin/ip", "/sbin/ip", "/bin/ip"],
    for: "federation over a slow network",
  },
} as const satisfies Readonly<Record<string, Software>>;

/** Name of something in `SOFTWARE`. */
export type Need = keyof typeof SOFTWARE;
