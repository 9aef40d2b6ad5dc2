// Nodes that die, restart, and take over each other's sessions, in short.
import { testAlways, testShortly } from "./short.ts";

testAlways("kill", "resume");
testShortly("rolling");
