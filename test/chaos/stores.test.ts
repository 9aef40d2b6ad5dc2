// Redis and PostgreSQL away, and everybody back at once, in short. `slow` is left to the command line (docs/operations/chaos.md).
import { testShortly } from "./short.ts";

testShortly("redis", "postgres", "storm");
