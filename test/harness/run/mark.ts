// The environment variables that mark what a run of the tests starts: every process inherits them.

/** Its value is the folder of the run: temporary files of all test files are in it. */
export const RUN_MARK = "MERIDIAN_TEST_RUN";
/** Its value is the folder of one test file. */
export const FILE_MARK = "MERIDIAN_TEST_FILE";
