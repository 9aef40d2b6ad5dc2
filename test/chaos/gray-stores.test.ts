// Stores that stay half alive, in short, each once with a kill in the middle.
import { testShortly } from "./short.ts";

testShortly("redis-readonly", "redis-readonly --kill", "redis-cluster", "redis-cluster --kill");
testShortly("hung-database", "hung-database --kill");
