// The initiating entity's side of negotiation: takes what is offered and wanted until nothing is left. RFC 6120 §4.3.5.
import type { Initiating, RequestedFeature } from "./feature.ts";

/**
 * Negotiates the features of a table in its order, each at most once; those without an answer come first, since they cost
 * no round trip and must stand before what ends their time (XEP-0288 §2). Behind one that restarts the stream the new
 * one's features count. A refusal leaves a feature out. Resolves where nothing is wanted any more.
 * @throws what a feature throws, or the stream's end
 */
export async function negotiate<I extends Initiating>(
  table: readonly Partial<RequestedFeature<I>>[],
  stream: I,
): Promise<void> {
  const left = new Set(table.filter(isRequested));
  for (;;) {
    const wanted = [...left].filter((feature) => feature.wanted(stream));
    const feature = wanted.find(({ answer }) => answer === undefined) ?? wanted[0];
    if (feature === undefined) return;
    left.delete(feature);
    const text = feature.request(stream);
    if (text !== undefined) stream.send(text);
    if (!(await isAgreed(feature, stream))) continue;
    await feature.agreed?.(stream);
    if (feature.restarts === true) await stream.open();
  }
}

function isRequested<I extends Initiating>(feature: Partial<RequestedFeature<I>>): feature is RequestedFeature<I> {
  return feature.wanted !== undefined && feature.request !== undefined;
}

/** Reads on to the answer. */
async function isAgreed<I extends Initiating>(feature: RequestedFeature<I>, stream: I): Promise<boolean> {
  if (feature.answer === undefined) return true;
  for (;;) {
    const answer = feature.answer(stream, await stream.nextElement());
    if (answer !== undefined) return answer === "agreed";
  }
}
