// Modules are chosen by configuration, need and service.
import { expect, test } from "@jest/globals";
import { z } from "zod";
import { HostConfig } from "../../contract/contract.ts";
import type { ModuleDefinition } from "../module/define.ts";
import type { ModuleService } from "../service/service.ts";
import { chooseModules } from "./choose-modules.ts";

const known = new Map<string, ModuleDefinition>();

function module(name: string, more: Partial<ModuleDefinition> = {}): void {
  known.set(name, { name, implements: [], config: z.strictObject({}), activate() {}, ...more });
}

module("mail", { needs: ["push"] });
module("push", { services: ["limits"] });
module("upload", { services: ["http"], byDefault: false });
module("plain");

const host = (modules: object = {}) => ({ ...HostConfig.parse({ domain: "verona.test" }), modules });
const names = (modules: object, ...services: ModuleService[]) =>
  chooseModules(host(modules), new Set(services), "hosts[0]", known).modules.map((chosen) => chosen.module.name);

test("with its services a module starts, after what it needs", () => {
  expect(names({ upload: {} }, "limits", "http")).toEqual(["push", "mail", "upload", "plain"]);
});

test("without a service neither the module starts nor what needs it, and each says why", () => {
  const { modules, leftOut } = chooseModules(host({ push: {}, upload: {} }), new Set(), "hosts[0]", known);
  expect(modules.map((chosen) => chosen.module.name)).toEqual(["plain"]);
  expect(leftOut).toEqual([
    {
      module: "push",
      reason: "needs the service limits, which is not configured (always there)",
      named: true,
    },
    {
      module: "upload",
      reason: "needs the service http, which is not configured (a listener of kind http)",
      named: true,
    },
    { module: "mail", reason: "needs the module push, which does not start", named: false },
  ]);
});

test("a module left out by the configuration is a mistake of who needs it", () => {
  expect(() => names({ push: false }, "limits")).toThrow("mail: needs the module push, which is left out");
});
