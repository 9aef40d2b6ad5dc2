// One element that stands alone: a WebSocket frame, or a stored stanza. RFC 7395 §3.3.
import { DEFAULT_XML_LIMITS, XmlFailure, type XmlLimits } from "./limits.ts";
import type { RawElement } from "./raw-element.ts";
import { ELEMENT, ERROR } from "./scan-state.ts";
import { Scanner } from "./scanner.ts";

const scanner = new Scanner(DEFAULT_XML_LIMITS);

/**
 * Parses text that is one element and nothing else (white space around it is let go), as strictly as a stream.
 * `defaultNamespace` is the one of the stream it is from, where it does not declare its own.
 */
export function parseDocument(text: string, limits: XmlLimits, defaultNamespace = ""): RawElement | XmlFailure {
  scanner.setLimits(limits);
  scanner.startContent(defaultNamespace);
  let found: RawElement | undefined;
  let failure: XmlFailure | undefined;
  let i = 0;
  while (i < text.length && failure === undefined) {
    i = scanner.scan(text, i);
    if (scanner.event === ERROR) failure = new XmlFailure(scanner.condition, scanner.fault);
    else if (scanner.event !== ELEMENT) continue;
    else if (found === undefined) found = scanner.element;
    else failure = new XmlFailure("not-well-formed", "more than one element");
  }
  if (failure === undefined && (found === undefined || !scanner.idle))
    failure = new XmlFailure("not-well-formed", "incomplete");
  scanner.element = undefined;
  scanner.stop();
  return failure ?? (found as RawElement);
}
