// Jest transform: strips TypeScript types with Node's own stripper, keeping line and column positions.
const { stripTypeScriptTypes } = require("node:module");

module.exports = {
  process(source, path) {
    return { code: path.endsWith(".ts") ? stripTypeScriptTypes(source, { mode: "strip" }) : source };
  },
};
