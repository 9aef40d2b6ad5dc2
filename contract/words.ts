// What the schema library says of a value, in words for operators.

const NAMES: Readonly<Record<string, string>> = {
  array: "a list",
  record: "an object",
  object: "an object",
  int: "a whole number",
  number: "a number",
  string: "a string",
  boolean: "true or false",
};
const BOUNDS: Readonly<Record<string, string>> = {
  ">=": "at least",
  "<=": "at most",
  ">": "more than",
  "<": "less than",
};

/** A default message of the schema library in words; one that was written for a setting stays as it is. */
export function inWords(message: string): string {
  const type = /^Invalid input: expected (\S+?)(?:, received (\w+))?$/.exec(message);
  if (type !== null) return `must be ${named(type[1])}${type[2] === undefined ? "" : `, not ${given(type[2])}`}`;
  const bound = /^Too (?:big|small): expected \w+ to (be|have) ([<>]=?)(\S+?)( \w+)?$/.exec(message);
  if (bound !== null) return `must ${bound[1]} ${BOUNDS[bound[2] ?? ""]} ${bound[3]}${bound[4] ?? ""}`;
  const choice = /^Invalid (?:option|discriminator value)[.:] expected (?:one of )?(.+)$/i.exec(message);
  if (choice !== null)
    return `must be one of ${(choice[1] ?? "")
      .replace(/["']/g, "")
      .split(/ *\| */)
      .join(", ")}`;
  return message;
}

function named(type = ""): string {
  return NAMES[type] ?? type;
}

function given(type: string): string {
  return type === "boolean" ? type : named(type);
}
