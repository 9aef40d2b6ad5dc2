// An entry in the table of features of streams between servers, for both sides.
import type { StreamFeature } from "../../xmpp/negotiation/feature.ts";
import type { Opening } from "./opening.ts";
import type { Standing } from "./standing.ts";

/** A feature of streams between servers. */
export type S2sFeature = StreamFeature<Standing, Opening>;
