// One element that stands alone: a WebSocket frame, or a stored stanza. RFC 7395 §3.3.
import { declarationFault } from "./declaration.ts";
import { DEFAULT_XML_LIMITS, type XmlErrorCondition, XmlFailure, type XmlLimits } from "./limits.ts";
import type { RawElement } from "./raw-element.ts";
import { ELEMENT, ERROR, ScanState } from "./scan-state.ts";
import { scan } from "./scanner.ts";

const LT = 60;
const QUESTION = 63;

const scanner = new ScanState(DEFAULT_XML_LIMITS);

/**
 * Parses text that is one element and nothing else, as strictly as a stream. RFC 7395 §3.3.3: it begins with "<", and an
 * XML declaration is tolerated. `defaultNamespace` is that of the stream it is from, where it declares none itself.
 */
export function parseDocument(text: string, limits: XmlLimits, defaultNamespace = ""): RawElement | XmlFailure {
  const start = contentStart(text);
  if (start instanceof XmlFailure) return start;
  scanner.setLimits(limits);
  scanner.startContent(defaultNamespace);
  let found: RawElement | undefined;
  let failure: XmlFailure | undefined;
  let i = start;
  while (i < text.length && failure === undefined) {
    i = scan(scanner, text, i);
    if (scanner.event === ERROR) failure = failureOf(scanner.condition, scanner.fault, found !== undefined);
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

/** The index of the element, after an XML declaration if there is one. */
function contentStart(text: string): number | XmlFailure {
  if (text.charCodeAt(0) !== LT) return new XmlFailure("not-well-formed", "does not begin with <");
  if (text.charCodeAt(1) !== QUESTION) return 0;
  const close = text.indexOf(">");
  const fault = close === -1 ? "not-well-formed" : declarationFault(text.slice(2, close), true);
  return fault === undefined ? close + 1 : new XmlFailure(fault, "not the XML declaration of a frame");
}

/** What is wrong between elements in a stream is wrong outside the root in a document. XML 1.0 §2.1 [1]. */
function failureOf(condition: XmlErrorCondition, fault: string, after: boolean): XmlFailure {
  if (condition === "bad-format" || (after && condition === "not-well-formed"))
    return new XmlFailure("not-well-formed", "text outside the element");
  return new XmlFailure(condition, fault);
}
