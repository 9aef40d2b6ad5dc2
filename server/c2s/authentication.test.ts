// A client that hangs up while its log-in is under way leaves nothing behind.
import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { begin } from "./authentication.ts";
import type { ClientConnection } from "./client-connection.ts";

test("who is gone while others are asked is counted for nobody", async () => {
  const asked = Promise.withResolvers<boolean>();
  const stream = { writable: true, transport: { encrypted: true, remoteAddress: "192.0.2.1" }, send() {} };
  let authenticated = 0;
  const connection = {
    tlsMissing: false,
    host: { domain: "verona.test" },
    offeredMechanisms: ["ANONYMOUS"],
    stream,
    log: pino({ level: "silent" }),
    context: {
      authentication: { anonymous: true },
      throttle: { banned: () => asked.promise, succeeded: () => {} },
      metrics: { login: () => {} },
      clientAuthorities: [],
      strangers: { admits: () => false },
    },
    authenticatedAs: () => authenticated++,
  } as unknown as ClientConnection;
  const profile = { challenge: () => "", failure: () => "", succeeded: () => {} };
  const done = begin(connection, profile as never, "ANONYMOUS", "=");
  stream.writable = false;
  asked.resolve(false);
  await done;
  expect(authenticated).toBe(0);
});
