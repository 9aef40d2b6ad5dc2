// A node whose listeners all stand behind a balancer, and what it noted about who came.

import { TALK_START } from "../harness/certificates.ts";
import { ManualClock } from "../harness/manual-clock.ts";
import { ServerUnderTest } from "../harness/scene-server.ts";
import { PASSWORD } from "./speaker.ts";

/** Ports of the node's listeners, by kind and TLS. */
export interface Ports {
  readonly c2s: number;
  readonly c2sTls: number;
  readonly http: number;
  readonly https: number;
  readonly s2s: number;
  readonly s2sTls: number;
}

/** A node that serves verona.test and the account romeo. */
export class ProxiedNode {
  readonly ports: Ports;
  private readonly server: ServerUnderTest;

  private constructor(server: ServerUnderTest) {
    this.server = server;
    const { listeners } = server.nodes[0]!;
    const port = (kind: string, tls: string) =>
      listeners.find((one) => one.kind === kind && one.tls === tls)?.port ?? Number.NaN;
    this.ports = {
      c2s: port("c2s", "starttls"),
      c2sTls: port("c2s", "direct"),
      http: port("http", "none"),
      https: port("http", "direct"),
      s2s: port("s2s", "starttls"),
      s2sTls: port("s2s", "direct"),
    };
  }

  /** Starts it; headers are expected from `networks`. `options` are paths of the configuration and their values. */
  static async start(networks: readonly string[], options: Record<string, unknown> = {}): Promise<ProxiedNode> {
    const listeners = [
      { kind: "c2s", port: 0, tls: "starttls" },
      { kind: "c2s", port: 0, tls: "direct" },
      { kind: "http", port: 0, tlsTerminated: true },
      { kind: "http", port: 0, tls: true, directTls: true },
      { kind: "s2s", port: 0, tls: "starttls" },
      { kind: "s2s", port: 0, tls: "direct" },
    ].map((listener) => ({ ...listener, proxyProtocol: networks }));
    const paths = Object.entries({ listeners, ...options }).map(
      ([path, value]) => [path, JSON.stringify(value)] as const,
    );
    const server = new ServerUnderTest({ domain: "verona.test", options: new Map(paths) });
    await server.start(new ManualClock(TALK_START), "127.0.0.1:1");
    await server.createAccount("verona.test", "romeo", PASSWORD);
    return new ProxiedNode(server);
  }

  /** Addresses of those who logged in, as the log has them. */
  loggedIn(): string[] {
    return this.logged("authenticated").map(({ peer }) => String(peer));
  }

  /** Log entries with this text. */
  logged(text: string): Record<string, unknown>[] {
    return this.server.log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === text);
  }

  /** Domains that proved themselves on incoming streams, with their addresses. */
  incoming(): readonly object[] {
    return this.server.nodes[0]?.federation?.incomingStatus() ?? [];
  }

  /** The orderly end of the node. */
  async drain(): Promise<void> {
    for (const node of this.server.nodes) await node.drain();
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}
