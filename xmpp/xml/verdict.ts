// What is wrong with what is being scanned: with the stream, which ends, or with one element, which goes nowhere.
import type { XmlErrorCondition, XmlLimits } from "./limits.ts";

/** Methods return whether the scan may go on. */
export class Verdict {
  /** Why the stream ends, once a method returned false. */
  condition: XmlErrorCondition = "not-well-formed";
  fault = "";
  /** Why the child of the root in hand must go nowhere. */
  flaw: string | undefined;
  limits!: XmlLimits;
  maxElements = 0;

  constructor(limits: XmlLimits) {
    this.setLimits(limits);
  }

  setLimits(limits: XmlLimits): void {
    this.limits = limits;
    this.maxElements = limits.maxElements ?? Number.MAX_SAFE_INTEGER;
  }

  /** Over a bound, or not for every parser: the element's flaw where one is in hand and may have one. */
  exceed(fault: string, depth: number): boolean {
    if (depth === 0 || this.limits.flawsAllowed !== true) return this.refuse("policy-violation", fault);
    this.flaw ??= fault;
    return true;
  }

  /** The stream ends. */
  refuse(condition: XmlErrorCondition, fault: string): false {
    this.condition = condition;
    this.fault = fault;
    return false;
  }
}
