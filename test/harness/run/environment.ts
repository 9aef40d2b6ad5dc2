// Jest's environment for one test file: a folder for temporary files and a mark on every process, both gone after it.
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { EnvironmentContext, JestEnvironmentConfig } from "@jest/environment";
import { TestEnvironment } from "jest-environment-node";
import { keepCompiled } from "./compiled.ts";
import { FILE_MARK, RUN_MARK } from "./mark.ts";
import { endMarked } from "./processes.ts";

keepCompiled();

/** Node's environment, tidied up: what a test that failed left behind is ended with the file, and told. */
export default class TidyEnvironment extends TestEnvironment {
  readonly #folder: string;
  readonly #file: string;
  readonly #before: string | undefined;

  constructor(config: JestEnvironmentConfig, context: EnvironmentContext) {
    // Before Node's own, which hands a copy of the variables to the tests.
    const before = process.env.TMPDIR;
    const folder = mkdtempSync(join(process.env[RUN_MARK] ?? tmpdir(), "t-"));
    // As /tmp: servers that run as users of their own write here too.
    chmodSync(folder, 0o1777);
    process.env.TMPDIR = folder;
    process.env[FILE_MARK] = folder;
    super(config, context);
    this.#folder = folder;
    this.#file = relative(config.globalConfig.rootDir, context.testPath);
    this.#before = before;
  }

  override async teardown(): Promise<void> {
    await super.teardown();
    for (const { pid, command } of await endMarked(`${FILE_MARK}=${this.#folder}`))
      process.stderr.write(`${this.#file} left a process running, ended now: ${pid} ${command}\n`);
    rmSync(this.#folder, { recursive: true, force: true });
    delete process.env[FILE_MARK];
    if (this.#before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = this.#before;
  }
}
