// Words of modules on the bus are their own: of one module, of one host, with one taker.
import { expect, test } from "@jest/globals";
import { JoinedBuses } from "../../test/harness/joined-buses.ts";
import { HostBus } from "./host-bus.ts";
import { Registrations } from "./registrations.ts";

const nothing = (): void => {};

test("the same word of another module, or of another host, is heard by its own", async () => {
  const buses = new JoinedBuses();
  const [a, b] = [buses.join("a"), buses.join("b")];
  const heard: string[] = [];
  const modulesAt = (bus: typeof a) =>
    ["verona.test", "mantua.test"].flatMap((domain) => {
      const host = new HostBus(bus, domain);
      return ["one", "two"].map((module) => ({ at: `${module}@${domain}`, bus: host.of(new Registrations(module)) }));
    });
  for (const { at, bus } of modulesAt(b)) {
    bus.onAnnouncement("changed", () => void heard.push(`${at} was told`));
    bus.take("do", (_from, _fields, done) => {
      heard.push(`${at} took`);
      done();
    });
  }
  for (const { at, bus } of modulesAt(a)) {
    bus.announce("changed", []);
    const failed = nothing;
    bus.send("b", { kind: "do", fields: [], confirmed: () => void heard.push(`${at} knows`), failed });
    bus.post("b", { kind: "do", fields: () => [], confirmed: nothing, failed });
    await buses.settle();
    expect(heard.splice(0)).toEqual([`${at} was told`, `${at} took`, `${at} knows`, `${at} took`]);
  }
});

test("a word has one taker until its module is over", () => {
  const host = new HostBus(new JoinedBuses().join("a"), "verona.test");
  const registrations = new Registrations("one");
  const bus = host.of(registrations);
  bus.onAnnouncement("changed", nothing);
  bus.take("do", nothing);
  expect(() => bus.onAnnouncement("changed", nothing)).toThrow("have a taker already");
  expect(() => bus.take("do", nothing)).toThrow("have a taker already");
  registrations.withdraw(nothing);
  const next = host.of(new Registrations("one"));
  next.onAnnouncement("changed", nothing);
  next.take("do", nothing);
});

test("what a module that is over still announces is heard by its successor at the same node", () => {
  const host = new HostBus(new JoinedBuses().join("a"), "verona.test");
  const registrations = new Registrations("one");
  const bus = host.of(registrations);
  const heard: string[] = [];
  bus.onAnnouncement("changed", () => heard.push("itself"));
  bus.announce("changed", []);
  registrations.withdraw(nothing);
  host.of(new Registrations("one")).onAnnouncement("changed", (from, [text]) => heard.push(`${from} ${text}`));
  bus.announce("changed", ["romeo"]);
  expect(heard).toEqual(["a romeo"]);
});
