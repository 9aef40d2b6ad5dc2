// A rollout in a process of its own that is killed, without a word, at a given state of a given region.
import { join } from "node:path";
import * as rollout from "../../infra/rollout/index.ts";
import { FolderDriver, HeldClock, worldFile } from "./rollout-driver.ts";

const [folder = "", region, state] = process.argv.slice(2);
const driver = new FolderDriver(join(folder, "cloud"));
const die = () => process.kill(process.pid, "SIGKILL");
if (state === "applying") driver.onApply = (name) => name === region && die();
// The rollback is a second change of the region: with the old image.
if (state === "failed" || state === "rolled back") driver.failing.set(region ?? "", "broken");
if (state === "failed") {
  driver.onApply = (name, image) => name === region && image === "0.1.0" && die();
}
const tools = {
  driver,
  folder: join(folder, "state"),
  clock: new HeldClock(),
  owner: "juliet",
  report: (event: rollout.RolloutEvent) => {
    if (
      event.kind === "region" &&
      event.region === region &&
      event.state === state &&
      !["applying", "failed"].includes(state ?? "")
    )
      die();
    if (event.kind === "step" && state === "pending" && event.step.regions.includes(region ?? "")) die();
  },
};
await rollout.up(tools, await rollout.plan(tools, worldFile("0.2.0")));
