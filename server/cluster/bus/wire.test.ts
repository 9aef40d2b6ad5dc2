// A Redis that is away is told in one line without a stack, however much was to be published meanwhile.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { turns } from "../../../test/harness/manual-clock.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { RedisWire } from "./wire.ts";

test("what cannot be published is told once for each time that Redis is away", async () => {
  const lines: { msg: string; reason?: string; err?: unknown }[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  let away = true;
  const publish = async () => {
    if (away) throw new Error("Connection is closed.");
    return 1;
  };
  const commands = { publish } as unknown as RedisConnection;
  const wire = new RedisWire(commands, commands, log);
  const publishTwice = async () => {
    for (let n = 0; n < 2; n++) wire.publish("c", "text");
    await turns(2);
  };
  for (const now of [true, false, true]) {
    away = now;
    await publishTwice();
  }
  expect(lines.map(({ msg, reason, err }) => [msg, reason, err])).toEqual(
    Array(2).fill(["bus: cannot publish", "Connection is closed.", undefined]),
  );
});
