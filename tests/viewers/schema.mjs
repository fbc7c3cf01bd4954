// Checks a file against a JSON schema: `node schema.mjs SCHEMA FILE`.

import { readFileSync } from "node:fs";
import Ajv from "ajv";

const [schema, file] = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")));
const ajv = new Ajv({ allErrors: true, strict: false });
const check = ajv.compile(schema);
if (!check(file)) {
  console.error(ajv.errorsText(check.errors));
  process.exit(1);
}
