// Print, as JSON, what AsyncAPI's parser finds wrong with each document: node validate.mjs FILE...
import { Parser, fromFile } from "@asyncapi/parser";

const SEVERITIES = ["error", "warning", "information", "hint"];
const found = {};
for (const file of process.argv.slice(2)) {
  const { diagnostics } = await fromFile(new Parser(), file).parse();
  found[file] = diagnostics.map(({ severity, code, path, message }) => ({
    severity: SEVERITIES[severity], code, path: path.join("."), message,
  }));
}
console.log(JSON.stringify(found));
