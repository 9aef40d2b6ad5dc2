// HAProxy in front of a cluster's nodes: asks each for /readyz, and sends new connections to those that are ready.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, removeFolder, temporaryFolder } from "../harness/children.ts";
import { ordinaryUser, startDaemon } from "../harness/daemon.ts";
import { find, hintOf } from "../harness/software.ts";

/** A running balancer. */
export interface Balancer {
  readonly port: number;
  end(): Promise<void>;
}

/** Connections that it takes at once: two file descriptors each, of the 20,000 that a process often may have. */
export const BALANCED = 8000;

/** Starts it. @throws Error where it is not installed or does not start */
export async function startBalancer(nodes: readonly { port: number; metricsPort: number }[]): Promise<Balancer> {
  const command = find("haproxy");
  if (command === undefined) throw new Error(`HAProxy is not installed: ${hintOf("haproxy")}`);
  const user = ordinaryUser("haproxy");
  const folder = temporaryFolder("chaos-haproxy", user);
  const port = await freePort();
  const servers = nodes.map(
    ({ port, metricsPort }, index) =>
      `  server n${index + 1} 127.0.0.1:${port} check port ${metricsPort} inter 1s fastinter 300ms fall 2 rise 1`,
  );
  const lines = [
    "global",
    `  maxconn ${BALANCED}`,
    "defaults",
    "  mode tcp",
    "  timeout connect 2s",
    "  timeout client 1h",
    "  timeout server 1h",
    "  timeout check 5s",
    "  retries 3",
    "  option redispatch 1",
    "listen clients",
    `  bind 127.0.0.1:${port} backlog 4096`,
    "  balance leastconn",
    "  option httpchk GET /readyz",
    ...servers,
  ];
  const file = join(folder, "haproxy.cfg");
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o644 });
  const daemon = await startDaemon({ command, args: ["-V", "-db", "-f", file], user, ready: /polling mechanism/ });
  return {
    port,
    async end() {
      await daemon.stop("SIGKILL");
      removeFolder(folder);
    },
  };
}
