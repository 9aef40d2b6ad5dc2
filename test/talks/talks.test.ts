// Runs every talk of this folder, one test for each of its cases.
import { testTalks } from "../harness/talk-suite.ts";

testTalks({ folder: import.meta.dirname });
