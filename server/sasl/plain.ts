// PLAIN: a password as it is, on encrypted streams. RFC 4616.
import { isOwnAuthzid, usernameToLocal } from "./authzid.ts";
import { failure, OUT_OF_TURN } from "./failure.ts";
import type { SaslContext, SaslExchange, SaslMechanism, SaslStep } from "./mechanism.ts";
import { hasKey } from "./scram-keys.ts";

/** PLAIN. Checked by whatever providers stand behind `context.credentials`. */
export const plain: SaslMechanism = {
  name: "PLAIN",
  available: (context) => context.encrypted || context.plainWithoutTls,
  begin: (context) => new PlainExchange(context),
};

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class PlainExchange implements SaslExchange {
  private readonly context: SaslContext;
  private state: "start" | "asked" | "ended" = "start";

  constructor(context: SaslContext) {
    this.context = context;
  }

  step(data: Buffer): SaslStep | Promise<SaslStep> {
    if (this.state === "ended") return OUT_OF_TURN;
    if (this.state === "start" && data.length === 0) {
      this.state = "asked"; // no initial response: the client is asked for its message
      return { kind: "challenge", data };
    }
    this.state = "ended";
    return this.check(data);
  }

  private check(data: Buffer): SaslStep | Promise<SaslStep> {
    const parts = split(data);
    if (parts === undefined) return failure("malformed-request");
    const [authzid, username, password] = parts;
    const local = usernameToLocal(username);
    if (local === undefined) return failure("not-authorized");
    if (!isOwnAuthzid(authzid, this.context.domain, local))
      return failure("invalid-authzid", `${local}@${this.context.domain}`);
    return this.checkPassword(local, password);
  }

  private async checkPassword(local: string, password: string): Promise<SaslStep> {
    const { credentials, domain, report } = this.context;
    try {
      let storedKey: Buffer | undefined;
      const fits = await credentials.checkPassword(domain, local, password, (key) => {
        storedKey = key;
      });
      if (!fits) return failure("not-authorized", `${local}@${domain}`);
      return { kind: "success", local, ...(storedKey === undefined ? {} : { still: hasKey(storedKey) }) };
    } catch (error) {
      report?.(error);
      return failure("temporary-auth-failure");
    }
  }
}

/** authzid, authcid and password; undefined where the message is not these three. RFC 4616 §2. */
function split(data: Buffer): [string, string, string] | undefined {
  let text: string;
  try {
    text = utf8.decode(data);
  } catch {
    return undefined;
  }
  const [authzid, username, password, more] = text.split("\0", 4);
  if (authzid === undefined || !username || !password || more !== undefined) return undefined;
  return [authzid, username, password];
}
