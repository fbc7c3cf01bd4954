// Makes the script that loads a file into speedscope's page, as its command does: `node loader.mjs NAME SCRIPT <FILE`.

import { readFileSync, writeFileSync } from "node:fs";

const [name, script] = process.argv.slice(2);
const bytes = readFileSync(0).toString("base64");
writeFileSync(script, `speedscope.loadFileFromBase64(${JSON.stringify(name)}, ${JSON.stringify(bytes)})`);
