// The client's side of the SASL mechanisms that Meridian knows, as a first message and answers. RFC 6120 §6.4.
import { type ScramHash, startScram } from "./scram.ts";

/** Who logs in. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
  readonly authzid?: string | undefined;
  /** Channel binding of a -PLUS mechanism: `tls-exporter` or `tls-server-end-point`. Default: the former. */
  readonly binding?: string | undefined;
  /** GS2 flag in place of what the mechanism asks for: `y` says that no -PLUS was offered. RFC 5802 §6. */
  readonly gs2?: string | undefined;
}

/** One exchange. Texts are plain: whoever writes them encodes them in base64. */
export interface Exchange {
  /** The initial response. */
  readonly initial: string;
  /** @throws Error for a challenge that is none of this mechanism */
  answer(challenge: string): string;
  /** True where what came with success proves the server, or the mechanism has no proof. */
  proves(final: string): boolean;
}

/** Begins a mechanism; `bindingData` gives a channel binding's data by name. @throws Error for one that is not known */
export function startMechanism(
  mechanism: string,
  credentials: Credentials,
  bindingData: (binding: string) => Buffer = noBinding,
): Exchange {
  const { user, password, authzid, binding = "tls-exporter", gs2 } = credentials;
  if (mechanism === "PLAIN") return oneMessage(`${authzid ?? ""}\0${user}\0${password}`);
  if (mechanism === "EXTERNAL" || mechanism === "ANONYMOUS") return oneMessage(authzid ?? "");
  const [, hash, plus] = /^SCRAM-(SHA-1|SHA-256|SHA-512)(-PLUS)?$/.exec(mechanism) ?? [];
  if (hash === undefined) throw new Error(`no mechanism is called ${mechanism}`);
  const scram = startScram({
    hash: hash as ScramHash,
    user,
    password,
    authzid,
    flag: gs2 ?? (plus === undefined ? "n" : `p=${binding}`),
    binding: plus === undefined ? undefined : bindingData(binding),
  });
  return {
    initial: scram.first,
    answer: (challenge) => scram.final(challenge),
    proves: (final) => scram.proves(final),
  };
}

function noBinding(): never {
  throw new Error("channel binding needs TLS");
}

function oneMessage(initial: string): Exchange {
  return {
    initial,
    answer() {
      throw new Error("the mechanism has one message, and the server asks for another");
    },
    proves: () => true,
  };
}
