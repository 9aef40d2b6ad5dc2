// What can wait is held back for a client that nobody looks at, and comes in order before what cannot. XEP-0352.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import type { FakeSession } from "../../../test/harness/fake-session.ts";
import { parseOwn } from "../../../xmpp/xml/tree.ts";
import type { StreamFeature } from "../../ports/stream.ts";
import { csi } from "./csi.ts";

const NS_CSI = "urn:xmpp:csi:0";
const typing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";

async function setUp() {
  const fake = await FakeHost.with([csi]);
  const juliet = await fake.session("juliet@verona.test/balcony");
  juliet.presence = parsePresence();
  const failed: string[] = [];
  const says = (name: string, session: FakeSession | undefined = juliet) => {
    const feature = fake.host.streamFeatures.find(({ xmlns }) => xmlns === NS_CSI) as StreamFeature;
    const stream = { fail: (condition: string) => void failed.push(condition) };
    void feature.handle?.({ session, stream } as never, parseOwn(`<${name} xmlns='${NS_CSI}'/>`, NS_CSI));
  };
  const comes = (content: string) =>
    fake.comes(`<message from='romeo@mantua.test/x' to='juliet@verona.test/balcony' type='chat'>${content}</message>`);
  return { fake, juliet, says, comes, failed };
}

function parsePresence() {
  return {} as never;
}

test("a state of typing waits; a message brings it along, in order", async () => {
  const { juliet, says, comes } = await setUp();
  says("inactive");
  await comes(typing);
  expect(juliet.now()).toEqual([]);
  await comes("<body>Hark</body>");
  expect(juliet.now().map((text) => /composing|Hark/.exec(text)?.[0])).toEqual(["composing", "Hark"]);
  await comes(typing);
  says("active");
  expect(juliet.now()).toHaveLength(1);
  await comes(typing);
  expect(juliet.now()).toHaveLength(1);
});

test("a stream without a session is told so", async () => {
  const { fake, failed } = await setUp();
  const feature = fake.host.streamFeatures.find(({ xmlns }) => xmlns === NS_CSI) as StreamFeature;
  const stream = { fail: (condition: string) => void failed.push(condition) };
  void feature.handle?.({ session: undefined, stream } as never, parseOwn(`<inactive xmlns='${NS_CSI}'/>`, NS_CSI));
  expect(failed).toEqual(["not-authorized"]);
});

test("once the module is over what it held back comes, and its elements end nothing", async () => {
  const { fake, juliet, says, comes, failed } = await setUp();
  says("inactive");
  await comes(typing);
  await fake.become([]);
  expect(juliet.now()).toHaveLength(1);
  says("inactive");
  await comes(typing);
  expect(juliet.now()).toHaveLength(1);
  expect(failed).toEqual([]);
});
