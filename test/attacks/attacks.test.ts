// Runs every attack of this folder that is written as a talk.
import { testTalks } from "../harness/talk-suite.ts";

testTalks({ folder: import.meta.dirname });
