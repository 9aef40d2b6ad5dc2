// What a client without stream management gets while it is behind: what comes back waits, errors of others do not.
import { expect, test } from "@jest/globals";
import { Jid } from "../../xmpp/jid/jid.ts";
import { Content } from "../../xmpp/stanza/content.ts";
import { Stanza } from "../../xmpp/stanza/stanza.ts";
import { givesBack } from "../delivery/waiting-errors.ts";
import type { VirtualHost } from "../host/virtual-host.ts";
import type { C2sConnection } from "./connection.ts";
import { C2sSession } from "./session.ts";

const jid = Jid.parse("romeo@verona.test/orchard");

function error(id: string): Stanza {
  return new Stanza(
    "message",
    Jid.parse("mallory@verona.test/x"),
    jid,
    new Content(id, "error", undefined, "", "/>", []),
  );
}

test("errors of others neither wait nor end a stream that is behind, and what comes back does wait", () => {
  const sent: (string | undefined)[] = [];
  const transport = { backlog: 0, remoteAddress: "192.0.2.1" };
  const connection = {
    context: {
      trace: { idle: true },
      metrics: { stanzas: { client: { out: { message: 0 } } } },
      limits: { backlogBytes: 4_000 },
    },
    stream: {
      transport,
      get congested() {
        return transport.backlog > 1_000;
      },
      sendStanza: ({ id }: Stanza) => sent.push(id),
      fail: () => sent.push("the stream ends"),
    },
  };
  const host: { sessions: { of: () => readonly C2sSession[] } } = { sessions: { of: () => [] } };
  const session = new C2sSession(host as unknown as VirtualHost, jid, connection as unknown as C2sConnection, 0);
  session.deliver(error("in time"));
  transport.backlog = 1_500;
  session.deliver(error("behind"));
  transport.backlog = 2_000;
  for (let i = 0; i < 20_000; i++) session.deliver(error(`${i}`));
  const own = error("own");
  givesBack(own, undefined);
  session.deliver(own);
  expect(sent).toEqual(["in time", "behind"]);
  transport.backlog = 0;
  session.progressed();
  expect(sent).toEqual(["in time", "behind", "own"]);
});
