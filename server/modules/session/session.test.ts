// The session request of older clients is granted, since there is nothing to do. RFC 3921 §3.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { session } from "./session.ts";

test("it is granted by the host and by the account", async () => {
  const fake = await FakeHost.with([session]);
  const romeo = await fake.session("romeo@verona.test/orchard");
  for (const to of ["verona.test", "romeo@verona.test"])
    expect(await fake.ask(romeo, "set", "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>", to)).toContain(
      "type='result'",
    );
});
