// What an operator does to accounts, by a server of this process: a node's own, or one opened on the store alone.
import { Failure } from "../../contract/told.ts";
import type { ExportedRecord, MeridianServer } from "../../server/index.ts";
import { Jid } from "../../xmpp/jid/jid.ts";

/** Accounts read from the store at once. */
const PAGE = 500;

/** The accounts of a node, wherever its server is. Every method throws `Failure` with what cannot be done. */
export interface AccountActions {
  /** @throws Failure where there is no such account */
  expect(jid: Jid): Promise<void>;
  /** @throws Failure where there is such an account */
  expectNone(jid: Jid): Promise<void>;
  /** @throws PasswordError */
  add(jid: Jid, password: string): Promise<void>;
  /** Streams and tokens of the old password end. @throws PasswordError */
  password(jid: Jid, password: string): Promise<void>;
  delete(jid: Jid): Promise<void>;
  disable(jid: Jid): Promise<void>;
  enable(jid: Jid): Promise<void>;
  /** Ends the sessions of an account, or the one of a full JID; how many there were. */
  kick(jid: Jid): Promise<number>;
  /** Bare JIDs of a domain in order, after a localpart; fewer than asked only at the end. */
  list(domain: string, after: string): Promise<readonly string[]>;
  /** All that is kept of an account, but credentials. @throws Failure where there is neither anything nor the account */
  exported(jid: Jid): AsyncIterable<ExportedRecord>;
}

/** Names of the actions that take an account alone. */
export const PLAIN_ACTIONS = ["expect", "expectNone", "delete", "disable", "enable"] as const;
/** Names of the actions that take a password too. */
export const PASSWORD_ACTIONS = ["add", "password"] as const;

/** The actions on a server of this process. */
export function accountActions({ router, accounts, storage }: MeridianServer): AccountActions {
  const hostOf = ({ domain }: Jid) => {
    const host = router.hosts.get(domain);
    if (host === undefined)
      throw new Failure(`${domain} is not served here; there are ${[...router.hosts.keys()].join(", ")}`);
    return host;
  };
  const found = (jid: Jid, there: boolean) => {
    if (!there) throw new Failure(`there is no account ${jid.bare}`);
  };
  const exists = (jid: Jid) => accounts.exists(hostOf(jid).domain, jid.local);
  return {
    expect: async (jid) => found(jid, await exists(jid)),
    async expectNone(jid) {
      if (await exists(jid)) throw new Failure(`${jid.bare} exists already`);
    },
    async add(jid, password) {
      if (!(await hostOf(jid).accountChanges.create({ local: jid.local, password })))
        throw new Failure(`${jid.bare} exists already`);
    },
    password: async (jid, password) => found(jid, await hostOf(jid).accountChanges.changePassword(jid.local, password)),
    delete: async (jid) => found(jid, await hostOf(jid).accountChanges.remove(jid.local)),
    disable: async (jid) => found(jid, await hostOf(jid).accountChanges.setDisabled(jid.local, true)),
    enable: async (jid) => found(jid, await hostOf(jid).accountChanges.setDisabled(jid.local, false)),
    kick: async (jid) => hostOf(jid).accountChanges.kick(jid.local, jid.resource),
    async list(domain, after) {
      hostOf(Jid.parse(domain));
      return (await accounts.list(domain, after, PAGE)).map((local) => `${local}@${domain}`);
    },
    async *exported(jid) {
      let some = false;
      for await (const record of storage.exported({ domain: hostOf(jid).domain, local: jid.local })) {
        some = true;
        yield record;
      }
      // Whom another provider vouches for has no record of his own, and nothing else either at first.
      if (!some) found(jid, await exists(jid));
    },
  };
}

/** Every account of a domain, page by page. */
export async function allOf({ list }: Pick<AccountActions, "list">, domain: string): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const page = await list(domain, found.at(-1)?.slice(0, -domain.length - 1) ?? "");
    found.push(...page);
    if (page.length < PAGE) return found;
  }
}
