// Services start after what they need and stop before it; how they are is told by name.
import { beforeEach, expect, test } from "@jest/globals";
import { pino } from "pino";
import { ServiceKey, type ServiceName } from "./service.ts";
import { Services } from "./services.ts";

let said: string[];
let lines: string[];
let services: Services;

beforeEach(() => {
  said = [];
  lines = [];
  services = new Services(pino({}, { write: (line: string) => void lines.push(line) }));
});

const key = (name: ServiceName) => new ServiceKey<string>(name);

function add(name: ServiceName, needs: ServiceName[] = [], health?: () => string | undefined): void {
  services.add(key(name), {
    needs: needs.map(key),
    start: async () => {
      said.push(`start ${name}`);
      return `value of ${name}`;
    },
    stop: (value) => void said.push(`stop ${value.slice(9)}`),
    ...(health === undefined ? {} : { health }),
  });
}

test("each starts after what it needs, and all stop in reverse", async () => {
  add("cluster", ["redis", "database"]);
  add("database");
  add("redis", ["metrics"]);
  add("metrics");
  await services.start();
  expect(said).toEqual(["start metrics", "start redis", "start database", "start cluster"]);
  expect(services.use(key("redis"))).toBe("value of redis");
  said = [];
  await services.stop();
  expect(said).toEqual(["stop cluster", "stop database", "stop redis", "stop metrics"]);
  expect(services.has(key("redis"))).toBe(false);
  expect(() => services.use(key("redis"))).toThrow("the service redis has not started");
});

test("one that does not start ends the start, and what had started is stopped", async () => {
  add("metrics");
  services.add(key("database"), { start: () => Promise.reject(new Error("no such database")) });
  add("cluster", ["database"]);
  await expect(services.start()).rejects.toThrow("no such database");
  expect(said).toEqual(["start metrics", "stop metrics"]);
});

test("one that cannot be stopped keeps no other from it", async () => {
  add("metrics");
  services.add(key("redis"), {
    start: () => "",
    stop: () => {
      throw new Error("stuck");
    },
  });
  await services.start();
  await services.stop();
  expect(said).toEqual(["start metrics", "stop metrics"]);
  expect(lines.join("")).toContain("a service could not be stopped");
});

test("a second start starts only what was added since", async () => {
  add("database");
  await services.start();
  add("metrics");
  await services.start();
  expect(said).toEqual(["start database", "start metrics"]);
});

test("how they are: each that is not well, in its words; one that throws does not answer", async () => {
  let redis: string | undefined;
  add("redis", [], () => redis);
  add("database", [], () => {
    if (redis !== undefined) throw new Error("anything");
    return undefined;
  });
  add("metrics");
  expect(await services.unhealthy()).toBeUndefined();
  await services.start();
  expect(await services.unhealthy()).toBeUndefined();
  redis = "the registry does not answer";
  expect(await services.unhealthy()).toBe("the registry does not answer; database does not answer");
});

test("a name is taken once; what is not there cannot be needed; nobody needs itself", async () => {
  add("redis", ["database"]);
  expect(() => add("redis")).toThrow("there is a service redis already");
  await expect(services.start()).rejects.toThrow("redis needs the service database, which is not configured");
  add("database", ["redis"]);
  await expect(services.start()).rejects.toThrow("services need each other: redis → database → redis");
  expect(said).toEqual([]);
});
