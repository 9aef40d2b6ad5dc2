// A TCP relay between two servers that can cut, hold or delay what passes: the network as it is.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A relay to one port of 127.0.0.1. */
export class Relay {
  /** ms that each direction adds. */
  delay = 0;
  /** Nothing passes while it is true, and nobody is told. */
  holding = false;
  /** What connects while it is true is taken, and hears nothing. */
  stalled = false;
  /** What connects while it is true is reset at once. */
  refusing = false;
  /** Of the pieces of data that pass, the share (0 … 1) at which the connection is reset instead. */
  resetShare = 0;
  /** Flights of each side: what it sends without hearing from the other in between. */
  readonly flights = { near: 0, far: 0 };
  private last: "near" | "far" | undefined;
  /** Connections made so far. */
  connections = 0;
  private readonly server: Server;
  private readonly pairs = new Set<readonly [Socket, Socket]>();

  private constructor(server: Server) {
    this.server = server;
  }

  static async to(target: () => number): Promise<Relay> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const proxy = new Relay(server);
    server.on("connection", (near) => proxy.accept(near, target()));
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Nothing passes until `release`, and nobody is told; then what was under way arrives, as when a cable is back. */
  hold(): void {
    this.stalled = true;
    for (const pair of this.pairs) for (const side of pair) side.pause();
  }

  release(): void {
    this.stalled = false;
    for (const pair of this.pairs) for (const side of pair) side.resume();
  }

  /** Breaks every connection. */
  cut(): void {
    for (const [near, far] of this.pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    this.pairs.clear();
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private accept(near: Socket, port: number): void {
    if (this.refusing) {
      near.on("error", () => {}).resetAndDestroy();
      return;
    }
    this.connections++;
    const far = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    const pair = [near, far] as const;
    this.pairs.add(pair);
    this.pass("near", near, far);
    this.pass("far", far, near);
    if (this.stalled) for (const side of pair) side.pause();
    const end = () => {
      near.destroy();
      far.destroy();
      this.pairs.delete(pair);
    };
    near.on("close", end).on("error", end);
    far.on("close", end).on("error", end);
  }

  private pass(side: "near" | "far", from: Socket, to: Socket): void {
    from.on("data", (bytes: Buffer) => {
      if (this.last !== side) this.flights[side]++;
      this.last = side;
      if (this.holding) return;
      if (this.resetShare > 0 && Math.random() < this.resetShare) {
        from.resetAndDestroy();
        to.resetAndDestroy();
        return;
      }
      if (this.delay === 0) to.write(bytes);
      else setTimeout(() => to.write(bytes), this.delay);
    });
    from.on("end", () => setTimeout(() => to.end(), this.delay));
  }
}
