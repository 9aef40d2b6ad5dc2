// A TLS server's connections wait for their first bytes, unread, and not for ever.
import { EventEmitter } from "node:events";
import type { Server, Socket } from "node:net";
import { expect, test } from "@jest/globals";
import type { Clock } from "../clock.ts";
import { awaitFirstBytes } from "./first-bytes.ts";

/** A server whose own listener notes what it is given, and one connection to it. */
function connected() {
  const timers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    setTimeout: (callback) => {
      timers.add(callback);
      return callback;
    },
    clearTimeout: (timer) => void timers.delete(timer as () => void),
  };
  const begun: Socket[] = [];
  const server = new EventEmitter() as Server;
  server.on("connection", (socket: Socket) => void begun.push(socket));
  awaitFirstBytes(server, 1_000, clock);
  const socket = Object.assign(new EventEmitter(), { readableLength: 0, destroyed: false, destroy() {} });
  socket.destroy = () => {
    socket.destroyed = true;
    socket.emit("close");
  };
  return { timers, begun, socket, come: () => server.emit("connection", socket) };
}

const listening = (socket: EventEmitter) => socket.eventNames().length;

test("a connection is handed over with its first bytes, once, and nobody waits for it any more", () => {
  const { timers, begun, socket, come } = connected();
  come();
  socket.emit("readable");
  expect(begun).toEqual([]);
  socket.readableLength = 5;
  socket.emit("readable");
  socket.emit("readable");
  expect([begun, timers.size, listening(socket)]).toEqual([[socket], 0, 0]);
});

test("what was put back behind a PROXY header is there already", () => {
  const { timers, begun, socket, come } = connected();
  socket.readableLength = 5;
  come();
  expect([begun, timers.size, listening(socket)]).toEqual([[socket], 0, 0]);
});

test.each(["end", "error", "close"])("one that ends before is dropped and never begun: %s", (event) => {
  const { timers, begun, socket, come } = connected();
  come();
  socket.emit(event);
  expect([begun, socket.destroyed, timers.size, listening(socket)]).toEqual([[], true, 0, 0]);
});

test("who says nothing is dropped when its time is over", () => {
  const { timers, begun, socket, come } = connected();
  come();
  for (const fire of [...timers]) fire();
  expect([begun, socket.destroyed, timers.size, listening(socket)]).toEqual([[], true, 0, 0]);
});
