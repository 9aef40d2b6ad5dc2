// What a peer says besides a refusal. RFC 6120 §6.5, XEP-0220 §2.5.
import type { Element } from "ltx";

/** The condition of a failure, and what the peer says besides, on one line. */
export function toldBy(failure: Element | undefined): string {
  const children = failure?.getChildElements() ?? [];
  const condition = children.find((child) => child.getName() !== "text")?.getName() ?? "no condition";
  const text =
    children
      .find((child) => child.getName() === "text")
      ?.getText()
      .replace(/\s+/g, " ")
      .trim() ?? "";
  return text === "" ? condition : `${condition} (${text.slice(0, 300)})`;
}
