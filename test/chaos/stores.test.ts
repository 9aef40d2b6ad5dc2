// Redis and PostgreSQL away, readers that do not read, and everybody back at once, in short.
import { testShortly } from "./short.ts";

testShortly("redis", "postgres", "slow", "storm");
