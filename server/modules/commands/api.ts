// What the commands module offers to those that need it: a place for commands of their own.
export { type Command, type CommandResult, commandsApi } from "./commands.ts";
