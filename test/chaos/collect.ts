// Loaded into a node of an experiment before all else: on SIGUSR2 it collects its garbage, so that what it keeps shows.
process.on("SIGUSR2", () => globalThis.gc?.());
