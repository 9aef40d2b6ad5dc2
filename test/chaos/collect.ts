// Loaded into a node of an experiment before all else: asked by SIGUSR2, it collects its garbage and tells what it keeps.

process.on("SIGUSR2", () => {
  // Twice: memory outside the heap is given back behind the collection that found its owner dead.
  for (let n = 0; n < 2; n += 1) globalThis.gc?.();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  // Each of the two has most of what is outside the heap, and the larger one all that a connection needs.
  process.send?.({ type: "kept", bytes: heapUsed + Math.max(external, arrayBuffers) });
});
