// Nodes and their connections that stay half alive, in short, each once with a kill in the middle.
import { testShortly } from "./short.ts";

testShortly("stop", "stop --kill", "split", "split --kill", "blocked-loop", "blocked-loop --kill");
testShortly("link-resets", "link-resets --kill");
