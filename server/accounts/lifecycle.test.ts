// What becomes of an account, by its one owner: who is refused, what is told to whom, and which streams end.
import { beforeEach, describe, expect, test } from "@jest/globals";
import { ManualClock, turns } from "../../test/harness/manual-clock.ts";
import { Jid } from "../../xmpp/jid/jid.ts";
import { PasswordError } from "../ports/account-errors.ts";
import type { ClientSession } from "../ports/session.ts";
import { StoreUnavailable } from "../ports/store.ts";
import { memoryStores } from "../storage/memory/stores.ts";
import { Accounts } from "./accounts.ts";
import { AccountChanges } from "./lifecycle.ts";
import { ACCOUNTS } from "./store.ts";

const DOMAIN = "verona.test";
const ROMEO = Jid.parse("romeo@verona.test");
/** What observers at both nodes are told. */
const CREATED = ["account.created romeo@verona.test", "there: account.created romeo@verona.test"];

/** A host, and another node of its cluster with one session of Romeo's that the first has not heard of. */
class Scene {
  readonly told: string[] = [];
  readonly ends: string[] = [];
  readonly unbound: string[] = [];
  readonly accounts = new Accounts(memoryStores([ACCOUNTS]).of(ACCOUNTS), {
    iterations: 4096,
    clock: new ManualClock(1),
  });
  readonly changes: AccountChanges;
  sessions: ClientSession[] = [];
  private readonly takers = new Map<string, (from: string, fields: readonly string[]) => void>();

  constructor() {
    const { told } = this;
    this.changes = this.host(
      (kind, fields) => this.takers.get(kind)?.("n1~1", fields),
      () => this.sessions,
    );
    const unheard = this.session("unheard");
    const other = this.host(
      () => {},
      () => [unheard],
      this.takers,
    );
    other.endUnbound = (account, { text }) => told.push(`there: unbound of ${account.full} end: ${text}`);
    this.changes.endUnbound = (account, end) => {
      told.push(`unbound of ${account.full} end: ${end.text}`);
      this.unbound.push(end.condition);
    };
  }

  session(resource: string, remote = false): ClientSession {
    const jid = Jid.parse(`${ROMEO.full}/${resource}`);
    const end = (condition: string, text = "") => void this.ends.push(`${resource}: ${condition} ${text}`);
    return { jid, remote, end } as unknown as ClientSession;
  }

  private host(
    announce: (kind: string, fields: readonly string[]) => void,
    of: () => readonly ClientSession[],
    takers?: Map<string, (from: string, fields: readonly string[]) => void>,
  ): AccountChanges {
    const where = takers === undefined ? "" : "there: ";
    return new AccountChanges({
      domain: DOMAIN,
      jid: Jid.parse(DOMAIN),
      accounts: this.accounts,
      sessions: { of },
      bus: { announce, onAnnouncement: (kind, taker) => void takers?.set(kind, taker) },
      governs: ({ local }) => local === "escalus",
      emit: (event, { account }) => void this.told.push(`${where}${event} ${account.full}`),
      departed: (account) => void this.told.push(`${where}departed ${account.full}`),
    });
  }
}

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
const made = () => scene.changes.create({ local: "romeo", password: "wherefore art" });

describe("an account is made", () => {
  test("once, with a prepared name, and observers at every node are told", async () => {
    expect(await scene.changes.create({ local: "Romeo", password: "wherefore art" })).toBe(true);
    expect(await made()).toBe(false);
    expect(scene.told).toEqual(CREATED);
    expect(await scene.accounts.checkPassword(DOMAIN, "romeo", "wherefore art")).toBe(true);
  });

  test.each(["short", "aaaaaaaaaa", "Mercutio-himself"])(
    "and not with %s for its password, whoever asks",
    async (password) => {
      const asked = { local: "mercutio-himself", password };
      await expect(scene.changes.create(asked)).rejects.toThrow(PasswordError);
      const admit = () => Promise.reject(new Error("asked too early"));
      await expect(scene.changes.create({ ...asked, stranger: { admit } })).rejects.toThrow(PasswordError);
      expect(scene.told).toEqual([]);
    },
  );

  test("by a stranger once he is admitted, and never under an administrator's name", async () => {
    const full = new Error("too many from that address");
    const asked = { local: "romeo", password: "wherefore art" };
    await expect(scene.changes.create({ ...asked, stranger: { admit: () => Promise.reject(full) } })).rejects.toBe(
      full,
    );
    expect(await scene.accounts.exists(DOMAIN, "romeo")).toBe(false);
    const stranger = { admit: async () => {} };
    expect(await scene.changes.create({ local: "escalus", password: "wherefore art", stranger })).toBe(false);
    expect(await scene.changes.create({ ...asked, stranger })).toBe(true);
    // Whoever governs may make it.
    expect(await scene.changes.create({ local: "escalus", password: "wherefore art" })).toBe(true);
  });

  test("by a provider that vouches for it, once, and observers at every node are told", async () => {
    await scene.changes.vouched("romeo");
    await scene.changes.vouched("romeo");
    expect(scene.told).toEqual(CREATED);
    expect(await scene.accounts.checkPassword(DOMAIN, "romeo", "")).toBe(false);
  });
});

describe("an account is removed", () => {
  test("with leave taken first, everybody told, and its streams ended on every node", async () => {
    await made();
    scene.sessions = [scene.session("orchard"), scene.session("elsewhere", true)];
    const there: boolean[] = [];
    scene.changes.beforeRemoval(async ({ local }) => void there.push(await scene.accounts.exists(DOMAIN, local)));
    expect(await scene.changes.remove("romeo")).toBe(true);
    expect(there).toEqual([true]);
    expect(scene.told).toEqual([
      ...CREATED,
      "account.deleted romeo@verona.test",
      "departed romeo@verona.test",
      "there: account.deleted romeo@verona.test",
      "there: departed romeo@verona.test",
      "unbound of romeo@verona.test end: the account is gone",
      "there: unbound of romeo@verona.test end: the account is gone",
    ]);
    expect(scene.ends).toEqual(
      ["orchard", "elsewhere", "unheard"].map((name) => `${name}: not-authorized the account is gone`),
    );
  });

  test("with the asking session ended behind its answer", async () => {
    await made();
    const asking = scene.session("orchard");
    scene.sessions = [asking];
    await scene.changes.remove("romeo", asking);
    expect(scene.ends).toEqual(["unheard: not-authorized the account is gone"]);
    await turns(2);
    expect(scene.ends.at(-1)).toBe("orchard: not-authorized the account is gone");
  });

  test("not at all where leave cannot be taken", async () => {
    await made();
    scene.changes.beforeRemoval(() => Promise.reject(new StoreUnavailable("away")));
    await expect(scene.changes.remove("romeo")).rejects.toThrow(StoreUnavailable);
    expect(await scene.accounts.exists(DOMAIN, "romeo")).toBe(true);
    expect(scene.ends).toEqual([]);
  });

  test("only where there is one", async () => {
    expect(await scene.changes.remove("romeo")).toBe(false);
  });
});

test("another password ends every stream but the asking one; one against the policy ends none", async () => {
  await made();
  const asking = scene.session("orchard");
  scene.sessions = [asking, scene.session("balcony")];
  await expect(scene.changes.changePassword("romeo", "short", asking)).rejects.toThrow(PasswordError);
  expect(scene.ends).toEqual([]);
  expect(await scene.changes.changePassword("romeo", "a rose by any name", asking)).toBe(true);
  expect(scene.ends).toEqual(["balcony", "unheard"].map((name) => `${name}: not-authorized the password was changed`));
  expect(await scene.changes.changePassword("nobody", "a rose by any name")).toBe(false);
});

test("an account that is shut has its streams ended, and none when it is opened again", async () => {
  await made();
  expect(await scene.changes.setDisabled("romeo", true)).toBe(true);
  expect(scene.ends).toEqual(["unheard: not-authorized the account is disabled"]);
  expect(await scene.changes.setDisabled("romeo", false)).toBe(true);
  expect(await scene.changes.setDisabled("nobody", true)).toBe(false);
  expect(scene.ends).toHaveLength(1);
});

test("who is kicked hears the same on every node: all sessions, or the one named", () => {
  scene.sessions = [scene.session("orchard"), scene.session("balcony")];
  expect(scene.changes.kick("romeo", "balcony")).toBe(1);
  expect(scene.changes.kick("romeo", "tomb")).toBe(0);
  const said = (name: string) => `${name}: policy-violation ended by an administrator`;
  expect(scene.ends).toEqual([said("balcony")]);
  expect(scene.changes.kick("romeo")).toBe(2);
  expect(scene.ends.slice(1)).toEqual([said("orchard"), said("balcony"), said("unheard")]);
  // One that has not bound yet too.
  expect(scene.unbound).toEqual(["policy-violation"]);
});
