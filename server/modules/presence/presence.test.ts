// Presence goes to whom it is for: own devices, subscribers, and who was sent it by name until it ends. RFC 6121 §4.
import { expect, test } from "@jest/globals";
import { FakeHost } from "../../../test/harness/fake-host.ts";
import { presence } from "./presence.ts";

const ROMEO = "romeo@verona.test";

test("own devices see one another come and go", async () => {
  const fake = await FakeHost.with([presence]);
  const desk = await fake.session(`${ROMEO}/desk`, "<presence/>");
  desk.now();
  const phone = await fake.session(`${ROMEO}/phone`, "<presence><priority>3</priority></presence>");
  expect(desk.now()).toEqual([expect.stringContaining(`from='${ROMEO}/phone'`)]);
  expect(phone.now().some((text) => text.includes(`from='${ROMEO}/desk'`))).toBe(true);
  expect(phone.priority).toBe(3);
  await phone.send("<presence type='unavailable'/>");
  expect(desk.now()).toEqual([expect.stringMatching(/phone'.*type='unavailable'/)]);
  expect(phone.presence).toBeUndefined();
});

test("who was sent presence by name hears its end, once", async () => {
  const fake = await FakeHost.with([presence]);
  const romeo = await fake.session(`${ROMEO}/orchard`);
  await romeo.send("<presence to='room@rooms.mantua.test/Romeo'/>");
  expect(fake.sentNow()).toHaveLength(1);
  await romeo.send("<presence type='unavailable'/>");
  await fake.clock.advance(0);
  expect(fake.sentNow()).toEqual([expect.stringMatching(/to='room@rooms.mantua.test\/Romeo'.*type='unavailable'/)]);
  await romeo.send("<presence type='unavailable'/>");
  await fake.clock.advance(0);
  expect(fake.sentNow()).toEqual([]);
});

test("presence that is none is refused", async () => {
  const fake = await FakeHost.with([presence]);
  const romeo = await fake.session(`${ROMEO}/orchard`);
  for (const wrong of [
    "<presence><priority>300</priority></presence>",
    "<presence type='subscribe'/>",
    "<presence type='odd' to='a@mantua.test'/>",
    `<presence type='subscribe' to='${ROMEO}'/>`,
    `<presence><status>${"x".repeat(16_500)}</status></presence>`,
  ]) {
    await romeo.send(wrong);
    expect(romeo.now()).toEqual([expect.stringContaining("type='error'")]);
  }
  expect(fake.sentNow()).toEqual([]);
});

test("a stranger's probe is told no more than that there is no subscription", async () => {
  const fake = await FakeHost.with([presence]);
  await fake.session(`${ROMEO}/orchard`, "<presence/>");
  for (const local of ["romeo", "nobody"]) {
    await fake.comes(`<presence type='probe' from='spy@mantua.test/x' to='${local}@verona.test'/>`);
    const told = new RegExp(`from='${local}@verona.test' to='spy@mantua.test'.*unsubscribed`);
    expect(fake.sentNow()).toEqual([expect.stringMatching(told)]);
  }
});
