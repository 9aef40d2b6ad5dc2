// Passwords: asked for without echo, read from standard input, or made.
import { randomInt } from "node:crypto";
import { UsageError } from "./command.ts";

/** Short words that are not taken for one another when read aloud. */
const words =
  `amber anchor apple arrow autumn badger bamboo beacon birch bottle breeze bridge butter cactus candle canyon carbon
castle cedar cherry cloud clover cobalt comet copper coral cotton cradle crystal dolphin eagle ember falcon feather
fern flame forest fossil garden ginger glacier granite harbor hazel heron honey indigo island ivory jasmine jungle
kettle lantern lemon lilac linen lizard lotus magnet maple marble meadow melon meteor mirror monsoon mosaic nectar
nickel nutmeg ocean olive onyx orchid otter oyster paddle panda pearl pebble pepper pillow planet plum pocket pollen
poppy prairie pumpkin quartz quiver rabbit raven ribbon river rocket saddle saffron salmon sapphire shadow silver
sparrow spruce stone summit sunset tango temple thunder tiger timber topaz tulip tundra turtle valley velvet violet
walnut willow winter yellow zephyr`.split(/\s+/);

/** A password of `count` words and two digits: easy to read and to type. Four words and the digits hold 34 bits. */
export function newPassword(count = 4): string {
  const chosen = Array.from({ length: count }, () => words[randomInt(words.length)]);
  return `${chosen.join("-")}-${String(randomInt(100)).padStart(2, "0")}`;
}

/** Asks for a password twice at a terminal, or reads the first line of standard input. @throws UsageError */
export async function readPassword(account: string): Promise<string> {
  if (!process.stdin.isTTY) return firstLine();
  const password = await ask(`Password for ${account}: `);
  if ((await ask("Again: ")) !== password) throw new UsageError("the two passwords differ");
  return password;
}

/** Most characters read in search of a password. */
const MOST = 4096;

async function firstLine(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const part of process.stdin) {
    text += part;
    if (text.includes("\n") || text.length > MOST) break;
  }
  const [line = ""] = text.split(/\r?\n/, 1);
  if (line === "") throw new UsageError("standard input held no password; --generate makes one");
  return line;
}

/** One line typed at the terminal, not shown. */
function ask(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setEncoding("utf8").setRawMode(true).resume();
  return new Promise((resolve, reject) => {
    let typed = "";
    const end = (settle: () => void) => {
      stdin.off("data", onData).setRawMode(false).pause();
      stderr.write("\n");
      settle();
    };
    const onData = (text: string) => {
      for (const character of text) {
        if (character === "\r" || character === "\n") return end(() => resolve(typed));
        if (character === "\u0003" || character === "\u0004") return end(() => reject(new UsageError("interrupted")));
        if (character === "\u007f" || character === "\b") typed = typed.slice(0, -1);
        else typed += character;
      }
    };
    stdin.on("data", onData);
  });
}
