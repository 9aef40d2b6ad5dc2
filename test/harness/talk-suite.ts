// Makes tests of talks: one for each case of each file of a folder. Those that leave their server as it was share one, and
// servers of several nodes one Redis.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe } from "@jest/globals";
import { needing } from "./needing.ts";
import { parseTalk } from "./parse-talk.ts";
import { type RedisSettings, startRedis, type TestRedis } from "./redis.ts";
import { runTalk } from "./run-talk.ts";
import { Scene } from "./scene.ts";
import { SharedServer, sharedDomain } from "./shared-server.ts";
import type { TalkCase } from "./talk.ts";

/** Which talks, and how they are run. */
export interface TalkSuite {
  readonly folder: string;
  /** Those whose path within the folder and text are so; absent: all. */
  readonly chosen?: (file: string, text: string) => boolean;
  /** Nodes of a server whose line does not say how many it has; its clients come to them in turn. */
  readonly spread?: number;
}

/** Makes the tests; what they share ends after them. */
export function testTalks({ folder, chosen = () => true, spread = 1 }: TalkSuite): void {
  let redis: Promise<TestRedis> | undefined;
  const sharedRedis = async (): Promise<RedisSettings> => {
    redis ??= startRedis();
    return { urls: [(await redis).url] };
  };
  const servers = new Map<string, Promise<SharedServer>>();
  /** The server that a talk leaves as it was; one for all of them. */
  const sharedServer = async (one: TalkCase): Promise<SharedServer | undefined> => {
    const domain = sharedDomain(one);
    if (domain === undefined) return undefined;
    const starting =
      servers.get(domain) ?? SharedServer.start(domain, spread, spread > 1 ? await sharedRedis() : undefined);
    servers.set(domain, starting);
    return starting;
  };
  afterAll(async () => {
    for (const shared of servers.values()) await (await shared).end();
    await (await redis)?.end();
  });
  for (const file of talkFiles(folder)) {
    const text = readFileSync(join(folder, file), "utf8");
    if (!chosen(file, text)) continue;
    const talk = parseTalk(text, file);
    describe(`${file} (${talk.references.join(", ")})`, () => {
      for (const one of talk.cases) {
        const several = spread > 1 || severalNodes(one);
        const { test } = needing(...(several ? (["redis"] as const) : []));
        test(one.title, async () => {
          const shared = await sharedServer(one);
          const own = several && shared === undefined ? { redis: await sharedRedis() } : {};
          try {
            await runTalk(talk, one, new Scene({ spread, shared, ...own }));
            await shared?.clear();
          } catch (error) {
            // What a talk that failed has left is no other's.
            if (shared !== undefined) {
              servers.delete(shared.server.domain);
              await shared.end();
            }
            throw error;
          }
        });
      }
    });
  }
}

/** Talks of a folder and those below it, by their paths within it, in order. */
export function talkFiles(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files.filter((name) => name.endsWith(".talk")).sort();
}

/** Nodes of one region meet over Redis. */
function severalNodes({ steps }: TalkCase): boolean {
  return steps.some((step) => "options" in step && Number(step.options.get("nodes") ?? 1) > 1);
}
