// Redis and PostgreSQL away, and everybody back at once, in short.
import { testShortly } from "./short.ts";

testShortly("redis", "postgres", "storm");
