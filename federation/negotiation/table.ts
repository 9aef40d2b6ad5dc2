// Every feature of streams between servers, in the order in which they are offered and taken. RFC 6120 §4.3.
import { BIDI } from "./bidi.ts";
import { DIALBACK } from "./dialback.ts";
import type { S2sFeature } from "./entry.ts";
import { EXTERNAL } from "./external.ts";
import { LIMITS } from "./limits.ts";
import { MANAGEMENT } from "./management.ts";
import { STARTTLS } from "./starttls.ts";

/** What two servers may agree on. */
export const S2S_FEATURES: readonly S2sFeature[] = [STARTTLS, EXTERNAL, DIALBACK, MANAGEMENT, BIDI, LIMITS];
