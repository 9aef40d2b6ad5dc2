// A rollout by the real engine in a process group of its own, to be killed by its test.
import { readFileSync } from "node:fs";
import { pulumiDriver } from "../../infra/rollout/drivers/pulumi.ts";
import * as rollout from "../../infra/rollout/index.ts";

const [project = "", folder = "", file = ""] = process.argv.slice(2);
const observe = async () => ({ sessions: 0, stanzas: 0, alarms: [] });
const tools = { driver: pulumiDriver({ project, folder, observe }), folder, owner: "juliet", lookMs: 10, gateMs: 100 };
await rollout.up(tools, await rollout.plan(tools, JSON.parse(readFileSync(file, "utf8"))));
