// Gives every string of the process its quick methods back, which loading ioredis takes.
import "ioredis";

/** Reads after which V8 lays a prototype out anew; ten are enough in Node 26. */
const READS = 1_000;

/**
 * `class … extends String`, of which ioredis has one, makes V8 lay `String.prototype` out as a dictionary, as it does with
 * what is about to get properties. Most prototypes are made quick again where they are next used; those of strings are
 * not, for whatever has their methods looked up is no object. Each `charCodeAt` of the tokenizer was a search then: a
 * node of a cluster took three times as long to read its clients' stanzas as one without Redis.
 */
function layOutStringsAnew(): void {
  let read = 0;
  for (let i = 0; i < READS; i++) read += String.prototype.length;
  if (read !== 0) throw new Error("String.prototype is no empty string");
}

layOutStringsAnew();
