// HTTP services outside, asked within bounds: what may be asked of whom, and what comes of it.

/** What whoever asks allows himself. */
export interface OutgoingBounds {
  /** Networks (CIDR) that may be asked, by name or address, though they are not of the public Internet. */
  readonly privateNetworks?: readonly string[];
  /** True where the operator names the URLs: this machine may be asked then, and in clear. False (the default) for URLs of strangers. */
  readonly thisMachine?: boolean;
  /** ms from the question to the whole answer; default: 5 s. */
  readonly timeout?: number;
  /** Most bytes of an answer that are read; default: 4096. */
  readonly answerBytes?: number;
  /** Questions at once; default: 64. */
  readonly atOnce?: number;
}

/** A question. */
export interface OutgoingRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** https, or http to this machine where that may be asked. */
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Whether the body of an answer with this status is read; default: always. */
  readonly reads?: (status: number) => boolean;
}

/** An answer of any status. Redirects are answers: they are not followed, since they lead where nobody has looked. */
export interface OutgoingAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Empty where it is not read. */
  readonly body: Buffer;
}

/** Asks services, within its bounds. */
export interface OutgoingHttp {
  /** @throws OutgoingFailed where there is no answer, none in time, a longer one, or the URL leads where nobody may ask */
  ask(request: OutgoingRequest): Promise<OutgoingAnswer>;
}

/** Gives whoever asks services his own bounds. @throws TypeError for a network that is none */
export type Outgoing = (bounds: OutgoingBounds) => OutgoingHttp;

/** A service was not asked, or gave no answer that could be used; the message names its host, and nothing that is secret. */
export class OutgoingFailed extends Error {
  override name = "OutgoingFailed";
}
