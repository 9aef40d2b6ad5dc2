// A network that takes its time: a namespace behind TUN devices, and each IP packet on its way there held for a while.
import { execFileSync } from "node:child_process";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { closeSync, openSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { type Daemon, startDaemon } from "../harness/daemon.ts";
import { find } from "../harness/software.ts";

const ip = find("ip") ?? "";

/** Why there can be none here; undefined where there can. */
export function impossible(): string | undefined {
  if (process.getuid?.() !== 0) return "a network namespace needs root";
  // What lacks the program is told of by its name.
  if (ip === "") return undefined;
  try {
    // Root of a container may have neither.
    closeSync(openSync("/dev/net/tun", "r+"));
    const probe = `meridian-probe-${process.pid}`;
    run("netns", "add", probe);
    run("netns", "del", probe);
    return undefined;
  } catch (error) {
    return `no TUN device or no network namespace here: ${(error as Error).message.split("\n")[0]}`;
  }
}

/** This machine (near) and a namespace (far), with a slow network between. */
export class SlowNetwork {
  /** Address of the far end. */
  readonly far: string;
  private readonly delay: number;
  private readonly namespace = `meridian-${process.pid}`;
  private readonly sockets: Socket[] = [];
  private readonly ends: Daemon[] = [];

  private constructor(delay: number) {
    this.delay = delay;
    this.far = addresses().far;
  }

  /** `delay`: ms that each direction takes. */
  static async lay(delay: number): Promise<SlowNetwork> {
    const network = new SlowNetwork(delay);
    const { namespace } = network;
    const { near, far } = addresses();
    run("netns", "add", namespace);
    process.once("exit", () => network.remove());
    const ports = await network.carrier();
    const devices = [`mn${process.pid}`, `mf${process.pid}`] as const;
    for (const [i, device] of devices.entries()) network.ends.push(await tun(device, ports[i] ?? 0));
    run("addr", "add", near, "peer", far, "dev", devices[0]);
    run("link", "set", devices[0], "up");
    run("link", "set", devices[1], "netns", namespace);
    run("-n", namespace, "addr", "add", far, "peer", near, "dev", devices[1]);
    run("-n", namespace, "link", "set", devices[1], "up");
    run("-n", namespace, "link", "set", "lo", "up");
    return network;
  }

  /** Starts a program at the far end. */
  async start(command: string, args: readonly string[], ready: RegExp): Promise<void> {
    const inside = ["netns", "exec", this.namespace, command, ...args];
    this.ends.push(await startDaemon({ command: ip, args: inside, user: undefined, ready }));
  }

  /** A name server as slow to reach as everything else; returns its address and port. */
  async nameServer(server: string): Promise<string> {
    const [host = "", port = ""] = server.split(":");
    const front = await this.socket();
    front.on("message", (question, asker) => {
      const back = createSocket("udp4");
      back.on("message", (answer) => {
        this.later(() => front.send(answer, asker.port, asker.address));
        back.close();
      });
      this.later(() => back.send(question, Number(port), host));
    });
    return `127.0.0.1:${(front.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const end of this.ends.splice(0)) await end.stop("SIGKILL");
    for (const socket of this.sockets.splice(0)) socket.close();
    this.remove();
  }

  private remove(): void {
    try {
      run("netns", "del", this.namespace);
    } catch {
      // It is gone already.
    }
  }

  /** What carries packets between the two devices; returns the port of each side. */
  private async carrier(): Promise<readonly [number, number]> {
    const sides = [await this.socket(), await this.socket()] as const;
    const peers: (RemoteInfo | undefined)[] = [undefined, undefined];
    for (const [i, socket] of sides.entries())
      socket.on("message", (packet, from) => {
        peers[i] = from;
        this.later(() => {
          const to = peers[1 - i];
          if (to !== undefined) sides[1 - i]?.send(packet, to.port, to.address);
        });
      });
    const [near, far] = sides.map((socket) => (socket.address() as AddressInfo).port);
    return [near ?? 0, far ?? 0];
  }

  private async socket(): Promise<Socket> {
    const socket = createSocket("udp4");
    this.sockets.push(socket);
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    return socket;
  }

  private later(action: () => void): void {
    setTimeout(() => {
      if (this.sockets.length > 0) action();
    }, this.delay);
  }
}

/** Two addresses for each process. */
function addresses(): { readonly near: string; readonly far: string } {
  const network = `10.77.${(process.pid >> 6) & 255}`;
  const first = (process.pid & 63) * 4;
  return { near: `${network}.${first + 1}`, far: `${network}.${first + 2}` };
}

/** A TUN device whose packets come and go as datagrams to a local port. */
function tun(device: string, port: number): Promise<Daemon> {
  const end = `TUN,tun-name=${device},tun-type=tun,iff-no-pi`;
  return startDaemon({
    command: find("socat") ?? "",
    args: ["-d", "-d", end, `UDP4-DATAGRAM:127.0.0.1:${port}`],
    user: undefined,
    ready: /starting data transfer loop/,
  });
}

function run(...args: string[]): void {
  execFileSync(ip, args, { stdio: "pipe" });
}
