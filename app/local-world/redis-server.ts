// The Redis or Valkey of a local world: one for all regions, in memory alone, started from the machine's program.
import { Daemon } from "./daemon.ts";
import { anyFree } from "./ports.ts";

/** What it needs of its world. */
export interface ServerSurroundings {
  /** The program, or the folder of several. */
  readonly program: string;
  /** The port to take where it is free. */
  readonly port: number;
  readonly password: string;
  onOutput(text: string): void;
  onUp(): void;
  onDown(reason: string, retryMs: number): void;
}

/** A server that runs. */
export interface StartedServer {
  readonly url: string;
  readonly daemon: Daemon;
}

/** Starts it. @throws Failure */
export async function startRedis({
  program,
  port: wanted,
  password,
  ...told
}: ServerSurroundings): Promise<StartedServer> {
  const port = await anyFree(wanted);
  const settings = [
    `port ${port}`,
    "bind 127.0.0.1",
    "daemonize no",
    'save ""',
    "appendonly no",
    `requirepass ${password}`,
  ];
  const daemon = new Daemon({
    name: "Redis",
    command: program,
    // From standard input: other users of the machine see arguments.
    args: ["-"],
    input: `${settings.join("\n")}\n`,
    ready: /ready to accept connections/i,
    signals: { end: "SIGTERM", kill: "SIGKILL" },
    ...told,
  });
  await daemon.start();
  return { url: `redis://127.0.0.1:${port}`, daemon };
}
