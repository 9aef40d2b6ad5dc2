// The chain of providers: order, failures, domains.
import { expect, test } from "@jest/globals";
import { AuthenticationUnavailable } from "../../ports/account-errors.ts";
import { memoryStores } from "../../storage/memory/stores.ts";
import { Accounts } from "../accounts.ts";
import { ACCOUNTS } from "../store.ts";
import { type AuthenticationProvider, ProviderChain } from "./provider.ts";
import { storedProvider } from "./stored.ts";

function provider(name: string, answer: boolean | Error, more: Partial<AuthenticationProvider> = {}) {
  const asked: string[] = [];
  const checkPassword = async (_: string, local: string) => {
    asked.push(local);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { name, checkPassword, asked, ...more };
}

test("they are asked in order until one accepts", async () => {
  const all = [provider("a", false), provider("b", true), provider("c", true)] as const;
  const accepted: string[] = [];
  const chain = new ProviderChain(all, {
    accepted: (by, domain, local) => void accepted.push(`${by} ${local}@${domain}`),
  });
  expect(await chain.checkPassword("example.org", "romeo", "x")).toBe(true);
  expect(all.map(({ asked }) => asked.length)).toEqual([1, 1, 0]);
  expect(accepted).toEqual(["b romeo@example.org"]);
});

test("all refuse: refused", async () => {
  expect(await new ProviderChain([provider("a", false)]).checkPassword("example.org", "romeo", "x")).toBe(false);
  expect(await new ProviderChain([]).checkPassword("example.org", "romeo", "x")).toBe(false);
});

test("one that fails is passed over, and leaves the outcome open where nobody accepts", async () => {
  const reported: unknown[] = [];
  const report = (_: unknown, name: string) => reported.push(name);
  const down = provider("down", new Error("down"));
  expect(await new ProviderChain([down, provider("b", true)], { report }).checkPassword("d", "romeo", "x")).toBe(true);
  const refused = new ProviderChain([down, provider("b", false)], { report }).checkPassword("d", "romeo", "x");
  await expect(refused).rejects.toThrow(AuthenticationUnavailable);
  // What failed was reported: whoever asked the chain need not say it again.
  await expect(refused).rejects.toMatchObject({ told: true });
  expect(reported).toEqual(["down", "down"]);
});

test("a provider for some domains is not asked about others", async () => {
  const chain = new ProviderChain([provider("a", true, { domains: ["example.org"] })]);
  expect(await chain.checkPassword("example.org", "romeo", "x")).toBe(true);
  expect(await chain.checkPassword("example.com", "romeo", "x")).toBe(false);
});

test("SCRAM is there for domains whose accounts have keys", async () => {
  const accounts = new Accounts(memoryStores([ACCOUNTS]).of(ACCOUNTS), { iterations: 4096 });
  await accounts.create("example.org", "romeo", "orchard");
  const chain = new ProviderChain([provider("jwt", false), storedProvider(accounts, ["example.org"])]);
  expect(chain.scramHashes("example.org")).toEqual(["SHA-512", "SHA-256", "SHA-1"]);
  expect(chain.scramHashes("example.com")).toEqual([]);
  expect(await chain.scramKeys("example.org", "romeo", "SHA-1")).toBeDefined();
  expect(await chain.scramKeys("example.org", "nobody", "SHA-1")).toBeUndefined();
  expect(await chain.exists("example.org", "romeo")).toBe(true);
  expect(await chain.exists("example.org", "nobody")).toBe(false);
  expect(await chain.checkPassword("example.org", "romeo", "orchard")).toBe(true);
});
