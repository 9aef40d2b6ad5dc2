// The environment variables that mark what a run of the tests starts: every process inherits them.

/** Its value is the folder of the run: temporary files of all test files are in it. */
export const RUN_MARK = "MERIDIAN_TEST_RUN";
/** Its value is the folder of one test file. */
export const FILE_MARK = "MERIDIAN_TEST_FILE";

/** Those of this process, for an environment that is made anew: what runs in it ends with the run as all else does. */
export function marks(): Record<string, string> {
  return Object.fromEntries(
    [RUN_MARK, FILE_MARK].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
