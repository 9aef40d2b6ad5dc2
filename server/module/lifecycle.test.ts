// Modules come, go and are given other settings while a host runs; what fails leaves everything as it was.
import { beforeEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { z } from "zod";
import { ManualClock, turns } from "../../test/harness/manual-clock.ts";
import type { Activation, ModuleDefinition, ModuleHost } from "./define.ts";
import { type Chosen, HostModules } from "./lifecycle.ts";
import type { Registrations } from "./registrations.ts";

let said: string[];
let registered: Set<string>;
let clock: ManualClock;
let held: boolean;
let missing: readonly string[];
let modules: HostModules;

beforeEach(() => {
  said = [];
  registered = new Set();
  held = false;
  missing = [];
  clock = new ManualClock(0);
  modules = new HostModules({
    domain: "verona.test",
    clock,
    log: pino({ level: "silent" }),
    view: ({ name }, registrations: Registrations) => {
      const iq = () => {
        registered.add(name);
        registrations.add(() => void registered.delete(name));
      };
      const ending = (end: () => Promise<void>) => registrations.addEnding(end);
      return { iq, ending, clock: registrations.clock(clock) } as unknown as ModuleHost;
    },
    missing: (names) => {
      missing = names;
    },
    hold(change) {
      held = true;
      const over = () => {
        held = false;
      };
      change.then(over, over);
    },
  });
});

type Settings = { readonly n?: number };

/** A module that says what becomes of it. */
function module(
  name: string,
  needs: string[] = [],
  more: Partial<ModuleDefinition> = {},
  takes = false,
): ModuleDefinition {
  return {
    name,
    implements: [],
    needs,
    config: z.any(),
    activate(host: ModuleHost, { n = 0 }: Settings): Activation<Settings> {
      said.push(`${name} up ${n}`);
      host.iq({ target: "host", type: "get", xmlns: "urn:example", name }, () => undefined);
      return {
        deactivate: () => void said.push(`${name} down`),
        ...(takes ? { takeSettings: ({ n: next = 0 }: Settings) => void said.push(`${name} takes ${next}`) } : {}),
      };
    },
    ...more,
  };
}

const [a, b, c] = [module("a"), module("b", ["a"]), module("c", [], {}, true)];
const chosen = (one: ModuleDefinition, n = 0): Chosen => ({ module: one, settings: { n } });

async function become(...wanted: Chosen[]): Promise<string[]> {
  said = [];
  await modules.become(wanted);
  return said;
}

test("they come up in order of need, and go down the other way round with all that they registered", async () => {
  expect(await become(chosen(a), chosen(b), chosen(c))).toEqual(["a up 0", "b up 0", "c up 0"]);
  expect([...registered]).toEqual(["a", "b", "c"]);
  said = [];
  await modules.end();
  expect(said).toEqual(["c down", "b down", "a down"]);
  expect([...registered]).toEqual([]);
  expect(modules.names).toEqual([]);
});

test("what stays as it is hears nothing; what is new comes to it", async () => {
  await become(chosen(a));
  expect(await become(chosen(a), chosen(b))).toEqual(["b up 0"]);
  expect(await become(chosen(a))).toEqual(["b down"]);
});

test("other settings are given to a module that takes them", async () => {
  await become(chosen(a), chosen(c));
  expect(await become(chosen(a), chosen(c, 1))).toEqual(["c takes 1"]);
});

test("one that does not take them comes up anew, and so does what needs it", async () => {
  await become(chosen(a), chosen(b), chosen(c));
  expect(await become(chosen(a, 1), chosen(b), chosen(c))).toEqual(["b down", "a down", "a up 1", "b up 0"]);
  expect([...registered].sort()).toEqual(["a", "b", "c"]);
});

test("one that cannot come up leaves all as it was, and its error is told", async () => {
  await become(chosen(a), chosen(c));
  const bad = module("bad", [], {
    activate(host) {
      host.iq({ target: "host", type: "get", xmlns: "urn:example", name: "bad" }, () => undefined);
      throw new Error("no room");
    },
  });
  said = [];
  await expect(modules.become([chosen(a, 1), chosen(c, 1), chosen(bad)])).rejects.toThrow("no room");
  expect(said).toEqual(["a down", "a up 1", "c takes 1", "a down", "a up 0", "c takes 0"]);
  expect([...registered].sort()).toEqual(["a", "c"]);
  expect(modules.names).toEqual(["c", "a"]);
});

test("settings that are not taken are followed by the old ones", async () => {
  const picky = module("picky", [], {
    activate: () => ({
      takeSettings({ n }: Settings) {
        said.push(`asked to take ${n}`);
        if (n === 1) throw new Error("not that");
      },
    }),
  });
  await become(chosen(picky, 2));
  await expect(become(chosen(picky, 1))).rejects.toThrow("not that");
  expect(said).toEqual(["asked to take 1", "asked to take 2"]);
});

test("what cannot be brought back is missed, and comes back with the next change that it can come with", async () => {
  let broken = false;
  const weak = module("weak", [], {
    activate() {
      if (broken) throw new Error("no directory");
    },
  });
  await become(chosen(weak), chosen(b));
  broken = true;
  await expect(modules.become([chosen(weak, 1), chosen(b)])).rejects.toThrow("no directory");
  expect([modules.names, missing]).toEqual([["b"], ["weak"]]);
  // Another change that fails does not forget it.
  await expect(modules.become([chosen(weak, 2), chosen(b)])).rejects.toThrow("no directory");
  expect(missing).toEqual(["weak"]);
  broken = false;
  await become(chosen(weak), chosen(b));
  expect([modules.names, missing]).toEqual([["weak", "b"], []]);
});

test("settings that are taken neither way are given again with the next change", async () => {
  let broken = false;
  const weak = module("weak", [], {
    activate: () => ({
      takeSettings({ n }: Settings) {
        said.push(`asked to take ${n}`);
        if (broken) throw new Error("not that");
      },
    }),
  });
  await become(chosen(weak));
  broken = true;
  await expect(become(chosen(weak, 1))).rejects.toThrow("not that");
  broken = false;
  expect(await become(chosen(weak))).toEqual(["asked to take 0"]);
});

test("one that ends badly keeps no other from what is wanted", async () => {
  const bad = module("bad", [], {
    activate: () => ({
      deactivate() {
        throw new Error("stuck");
      },
    }),
  });
  await become(chosen(bad));
  expect(await become(chosen(a))).toEqual(["a up 0"]);
});

test("stanzas wait while a module takes its time, and it has thirty seconds", async () => {
  await become(chosen(a));
  const slow = module("slow", [], { activate: () => new Promise<void>(() => {}) });
  const change = modules.become([chosen(slow)]);
  const outcome = expect(change).rejects.toThrow("the module slow of verona.test took longer than 30 s");
  await turns(2);
  expect(held).toBe(true);
  await clock.advance(30_000);
  await outcome;
  await turns(1);
  expect(held).toBe(false);
  expect(modules.names).toEqual(["a"]);
});

test("a change waits for the one before it", async () => {
  let ready = (): void => {};
  const slow = module("slow", [], {
    activate: () =>
      new Promise<void>((resolve) => {
        ready = resolve;
      }),
  });
  const first = modules.become([chosen(slow)]);
  const second = modules.become([chosen(a)]);
  await turns(2);
  expect(said).toEqual([]);
  ready();
  await Promise.all([first, second]);
  expect(modules.names).toEqual(["a"]);
});

test("what a module owns ends before its registrations and timers go", async () => {
  const rooms: ModuleDefinition = {
    name: "rooms",
    settings: z.object({}),
    activate: (host: ModuleHost) => {
      host.iq({} as never, () => {});
      const { ending } = host as unknown as { ending(end: () => Promise<void>): void };
      ending(async () => {
        await new Promise<void>((resolve) => host.clock.setTimeout(resolve, 10));
        said.push(registered.has("rooms") ? "ended in order" : "ended too late");
      });
    },
  } as unknown as ModuleDefinition;
  await modules.become([{ module: rooms, settings: {} }]);
  const end = modules.end();
  await turns(4);
  await clock.advance(10);
  await end;
  expect(said).toEqual(["ended in order"]);
  expect(registered.has("rooms")).toBe(false);
});
