// A rollout on the world that `npm start` runs: its driver and its synthetic client, by the world's control socket.
import { localDriver } from "../../../infra/rollout/drivers/local.ts";
import { regionOf, type World } from "../../../regions/world.ts";
import { worldControl } from "../../local-world/control-client.ts";
import { syntheticProbe } from "./probe.ts";
import type { Opened } from "./target.ts";

/** ms between two looks at gates, and that a changed region has to pass them: nothing here takes minutes. */
const lookMs = 500;
const gateMs = 30_000;

/** The world of a data folder. @param world whose regions are probed; undefined where none will be */
export function openLocal(data: string, world: World | undefined): Opened {
  const control = worldControl(data);
  const driver = localDriver({
    current: async (region) => (await control.state(region))?.file,
    async apply(region, target, tell) {
      tell(`draining, then starting ${region.image}`);
      await control.replace(region, target.file);
      tell("listens");
    },
    async health(region) {
      const state = await control.state(region);
      if (state === undefined) throw new Error(`${region} does not run`);
      return { sessions: state.sessions, alarms: state.alarms, stanzas: undefined };
    },
    drain: (region, drained) => control.drain(region, drained),
  });
  if (!world) return { driver, lookMs, gateMs };
  const domainOf = (region: string) => regionOf(world, region).domain;
  return { driver, lookMs, gateMs, probe: syntheticProbe({ logIn: control.logIn, domainOf }) };
}
