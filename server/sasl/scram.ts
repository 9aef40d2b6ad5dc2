// SCRAM-SHA-1, SCRAM-SHA-256 and SCRAM-SHA-512, each with -PLUS: the server's side. RFC 5802, RFC 7677.
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { ScramHash, ScramKeys } from "../ports/store.ts";
import { isOwnAuthzid, usernameToLocal } from "./authzid.ts";
import { channelBindingData, channelBindingTypes } from "./channel-binding.ts";
import { downgradeHash } from "./downgrade.ts";
import { failure, OUT_OF_TURN } from "./failure.ts";
import type { SaslContext, SaslExchange, SaslFailure, SaslMechanism, SaslStep } from "./mechanism.ts";
import { decoyKeys, hasKey, hmac, proofFits } from "./scram-keys.ts";
import { type ClientFirst, parseClientFinal, parseClientFirst, serverFirst } from "./scram-messages.ts";

/** Settings that only tests change. */
export interface ScramOptions {
  /** Server's part of the nonce. */
  readonly nonce?: () => string;
}

/** The SCRAM mechanism of a hash, with or without channel binding. */
export function scram(hash: ScramHash, plus: boolean, options: ScramOptions = {}): SaslMechanism {
  const nonce = options.nonce ?? (() => randomBytes(18).toString("base64"));
  return {
    name: `SCRAM-${hash}${plus ? "-PLUS" : ""}`,
    available: (context) =>
      (context.credentials.scramHashes?.(context.domain).includes(hash) ?? true) &&
      (!plus || channelBindingTypes(context).length > 0),
    begin: (context) => new ScramExchange(hash, plus, context, nonce),
  };
}

/** What the first message settled. */
interface Opened {
  readonly local: string;
  readonly keys: ScramKeys;
  /** False for an account that does not exist: everything goes on as if, and then fails. */
  readonly known: boolean;
  /** gs2-header and binding data, as the final message must repeat them. */
  readonly binding: Buffer;
  readonly nonce: string;
  /** AuthMessage but for client-final-message-without-proof. */
  readonly authPrefix: string;
}

class ScramExchange implements SaslExchange {
  private readonly hash: ScramHash;
  private readonly plus: boolean;
  private readonly context: SaslContext;
  private readonly makeNonce: () => string;
  private state: "start" | "asked" | "opening" | "opened" | "ended" = "start";
  private opened: Opened | undefined;

  constructor(hash: ScramHash, plus: boolean, context: SaslContext, makeNonce: () => string) {
    this.hash = hash;
    this.plus = plus;
    this.context = context;
    this.makeNonce = makeNonce;
  }

  step(data: Buffer): SaslStep | Promise<SaslStep> {
    switch (this.state) {
      case "start":
        if (data.length > 0) return this.first(data);
        this.state = "asked"; // no initial response: the client is asked for its first message
        return { kind: "challenge", data };
      case "asked":
        return this.first(data);
      case "opened":
        return this.final(data);
      default:
        this.state = "ended";
        return OUT_OF_TURN;
    }
  }

  private first(data: Buffer): SaslStep | Promise<SaslStep> {
    this.state = "ended";
    const message = parseClientFirst(data);
    if (message === undefined) return failure("malformed-request");
    const binding = this.bindingInput(message);
    if (!Buffer.isBuffer(binding)) return binding;
    const local = usernameToLocal(message.username);
    if (local === undefined) return failure("not-authorized");
    if (!isOwnAuthzid(message.authzid, this.context.domain, local))
      return failure("invalid-authzid", `${local}@${this.context.domain}`);
    this.state = "opening";
    return this.open(message, local, binding);
  }

  /** What `c=` must hold, or why the client's flag does not go with the mechanism. RFC 5802 §6. */
  private bindingInput(message: ClientFirst): Buffer | SaslFailure {
    const { binding, gs2Header } = message;
    if ((binding.kind === "used") !== this.plus) return failure("malformed-request");
    // The client believes that no -PLUS was offered: somebody took it off the list.
    if (binding.kind === "unused" && this.context.offered.some((name) => name.endsWith("-PLUS")))
      return failure("not-authorized");
    if (binding.kind !== "used") return Buffer.from(gs2Header);
    const data = channelBindingData(binding.type, this.context);
    return data === undefined ? failure("not-authorized") : Buffer.concat([Buffer.from(gs2Header), data]);
  }

  private async open(message: ClientFirst, local: string, binding: Buffer): Promise<SaslStep> {
    const { credentials, domain, decoySecret, decoyIterations } = this.context;
    let found: ScramKeys | undefined;
    try {
      found = await credentials.scramKeys(domain, local, this.hash);
    } catch (error) {
      this.state = "ended";
      this.context.report?.(error);
      return failure("temporary-auth-failure");
    }
    if (this.state !== "opening") return OUT_OF_TURN; // the client did not wait
    const decoy = decoyKeys(decoySecret, { domain, local, hash: this.hash }, decoyIterations); // always, so that time tells nothing
    const keys = found ?? decoy;
    const nonce = message.nonce + this.makeNonce();
    const challenge = serverFirst(nonce, keys.salt, keys.iterations, this.downgradeHash());
    const authPrefix = `${message.bare},${challenge},`;
    this.opened = { local, keys, known: found !== undefined, binding, nonce, authPrefix };
    this.state = "opened";
    return { kind: "challenge", data: Buffer.from(challenge) };
  }

  private final(response: Buffer): SaslStep {
    const opened = this.opened!;
    this.opened = undefined;
    this.state = "ended";
    const account = `${opened.local}@${this.context.domain}`;
    const message = parseClientFinal(response);
    if (message === undefined) return failure("malformed-request", account);
    const authMessage = opened.authPrefix + message.withoutProof;
    const fits = proofFits(this.hash, opened.keys.storedKey, authMessage, message.proof);
    const bound = equal(message.channelBinding, opened.binding);
    const fresh = message.nonce === opened.nonce;
    if (!(fits && opened.known && bound && fresh)) return failure("not-authorized", account);
    const signature = hmac(this.hash, opened.keys.serverKey, authMessage);
    const data = Buffer.from(`v=${signature.toString("base64")}`);
    return { kind: "success", local: opened.local, data, still: hasKey(opened.keys.storedKey) };
  }

  private downgradeHash(): string {
    const { offered, announcedBindings } = this.context;
    const plusOffered = offered.some((name) => name.endsWith("-PLUS"));
    const bindings = announcedBindings ?? (plusOffered ? channelBindingTypes(this.context) : []);
    return downgradeHash(this.hash, offered, bindings);
  }
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
