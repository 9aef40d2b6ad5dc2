// Nodes that die, restart, and take over each other's sessions, in short.
import { testShortly } from "./short.ts";

testShortly("kill", "rolling", "resume");
