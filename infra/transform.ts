// How an operator changes what a component sets: one function for each child's arguments.

/** Gets a child's arguments as the component would set them and returns them as they shall be. */
export type Transform<Args> = (args: Args) => Args;

/** The arguments of a child after its transform, if there is one. */
export function transformed<Args>(args: Args, transform: Transform<Args> | undefined): Args {
  return transform ? transform(args) : args;
}
