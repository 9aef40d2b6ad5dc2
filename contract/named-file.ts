// Files that a configuration names: read, or told with the setting that names them.
import { readFileSync } from "node:fs";
import { ConfigError } from "./load.ts";

/** The text of a file that the setting at `path` names. @throws ConfigError where it cannot be read */
export function readNamed(file: string, path: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code = "no code" } = error as NodeJS.ErrnoException;
    throw new ConfigError("configuration", [`${path}: ${file} cannot be read (${code})`]);
  }
}

/** What `read` makes of such a file's text. @throws ConfigError where it throws, or the file cannot be read */
export function readAs<T>(file: string, path: string, read: (text: string) => T): T {
  const text = readNamed(file, path);
  try {
    return read(text);
  } catch (error) {
    throw new ConfigError("configuration", [`${path}: ${file} ${(error as Error).message}`]);
  }
}

/** What `read` makes of each file that the list at `path` names. @throws ConfigError with every mistake */
export function readEach<T>(files: readonly string[], path: string, read: (text: string) => T): T[] {
  const problems: string[] = [];
  const found = files.flatMap((file, at) => {
    try {
      return [readAs(file, `${path}[${at}]`, read)];
    } catch (error) {
      problems.push(...(error as ConfigError).problems);
      return [];
    }
  });
  if (problems.length > 0) throw new ConfigError("configuration", problems);
  return found;
}
