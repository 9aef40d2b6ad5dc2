// Compiles what test files load once for each process of Jest's: every file has a world of its own, in which Jest compiles
// each module anew, and that took longer than most unit tests themselves.
import vm from "node:vm";

/** What V8 made of a source; good for that source alone. */
interface Compiled {
  readonly source: string;
  readonly data: Buffer;
}

/** By kind and name. */
const kept = new Map<string, Compiled>();

const { SourceTextModule, compileFunction } = vm;

/** Node's, which takes what it made of the same source before. */
class CompiledModule extends SourceTextModule {
  /** Node's types leave it out. */
  declare readonly createCachedData: () => Buffer;

  constructor(source: string, options: vm.SourceTextModuleOptions = {}) {
    const name = `module ${options.identifier}`;
    const before = dataOf(name, source);
    super(source, before === undefined ? options : { ...options, cachedData: before });
    if (before === undefined) kept.set(name, { source, data: this.createCachedData() });
  }
}

/**
 * A module of a source. V8 takes what it made only under the same flags, which some tests change: then it is made anew.
 */
const Module = new Proxy(CompiledModule, {
  construct(made, args: ConstructorParameters<typeof CompiledModule>) {
    try {
      return new made(...args);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_VM_MODULE_CACHED_DATA_REJECTED") throw error;
      kept.delete(`module ${args[1]?.identifier}`);
      return new made(...args);
    }
  },
});

function compile(
  source: string,
  parameters?: readonly string[],
  options: vm.CompileFunctionOptions = {},
): ReturnType<typeof compileFunction> {
  const name = `function ${options.filename}`;
  const before = dataOf(name, source);
  if (before !== undefined) return compileFunction(source, parameters, { ...options, cachedData: before });
  const made = compileFunction(source, parameters, { ...options, produceCachedData: true });
  if (made.cachedData !== undefined) kept.set(name, { source, data: made.cachedData });
  return made;
}

function dataOf(name: string, source: string): Buffer | undefined {
  const known = kept.get(name);
  return known?.source === source ? known.data : undefined;
}

/** From now on whoever takes these of `node:vm`, as Jest does each time, has ours. */
export function keepCompiled(): void {
  if (vm.SourceTextModule !== Module) Object.assign(vm, { SourceTextModule: Module, compileFunction: compile });
}
