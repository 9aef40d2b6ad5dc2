// The receiving entity's side of negotiation: what it offers on a stream as it is now, and who takes an element.
import type { HandledFeature, OfferedFeature, Receiving } from "./feature.ts";

/** The content of `<stream:features/>`, in the table's order. RFC 6120 §4.3.2. */
export function offeredText<R extends Receiving>(table: readonly OfferedFeature<R>[], stream: R): string {
  const phase = stream.authenticated ? "after authentication" : "before authentication";
  const texts = new Map<OfferedFeature<R>, string>();
  let alone: OfferedFeature<R> | undefined;
  for (const feature of table) {
    if (feature.phase !== undefined && feature.phase !== phase) continue;
    const text = feature.advertise(stream);
    if (text === undefined) continue;
    texts.set(feature, text);
    if (feature.mandatory?.(stream) === true) alone ??= feature;
  }
  let all = "";
  for (const [feature, text] of texts)
    if (alone === undefined || feature === alone || feature.informs === true) all += text;
  return all;
}

/** The feature that takes elements of a namespace. As frequent as stanzas are acknowledged: nothing is made for it. */
export function handlerOf<F extends HandledFeature<never>>(table: readonly F[], xmlns: string): F | undefined {
  for (const feature of table) if (feature.xmlns === xmlns && feature.handle !== undefined) return feature;
  return undefined;
}
