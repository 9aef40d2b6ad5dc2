// Reads what the server writes on a stream: header, whole elements, end. Independent of the server's own tokenizer.
import { SaxesParser } from "saxes";
import { appendText, nodeOf, type OpenNode, type XmlNode } from "./xml-node.ts";

/** What a stream reader tells. */
export interface StreamReaderEvents {
  opened(header: XmlNode): void;
  element(node: XmlNode): void;
  closed(): void;
  /** What came is no XML stream; nothing more is read. */
  garbage(problem: string): void;
}

/** Reads one XML stream; a restart needs a new one. */
export class StreamReader {
  private readonly parser = new SaxesParser({ xmlns: true, position: false });
  private readonly stack: OpenNode[] = [];
  private broken = false;

  constructor(events: StreamReaderEvents) {
    const { parser, stack } = this;
    parser.on("opentag", (tag) => {
      const node = nodeOf(tag);
      stack.push(node);
      if (stack.length === 1) events.opened(node);
    });
    parser.on("text", (text) => {
      if (stack.length > 1) appendText(stack.at(-1) as OpenNode, text);
    });
    parser.on("cdata", (text) => {
      if (stack.length > 1) appendText(stack.at(-1) as OpenNode, text);
    });
    parser.on("closetag", () => {
      const node = stack.pop() as OpenNode;
      if (stack.length === 0) events.closed();
      else if (stack.length === 1) events.element(node);
      else (stack.at(-1) as OpenNode).children.push(node);
    });
    for (const name of ["comment", "doctype", "processinginstruction"] as const)
      parser.on(name, () => this.fail(events, `a ${name}, which RFC 6120 §11.1 forbids`));
    parser.on("error", (error) => this.fail(events, error.message));
  }

  /** Takes text as it came, cut anywhere. */
  write(text: string): void {
    if (!this.broken) this.parser.write(text);
  }

  private fail(events: StreamReaderEvents, problem: string): void {
    if (this.broken) return;
    this.broken = true;
    events.garbage(problem);
  }
}
