// Nodes and their connections that stay half alive, in short, with a kill in the middle and without.
// `split --kill` is left to the command line until it holds each time (docs/operations/chaos.md).
import { testShortly } from "./short.ts";

testShortly("stop", "stop --kill", "split", "blocked-loop", "blocked-loop --kill");
testShortly("link-resets", "link-resets --kill");
