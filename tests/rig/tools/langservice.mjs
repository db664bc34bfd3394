// GitHub's own language service: the parser's errors and the checks of expressions, as JSON rows.
//   usage: node --import register.mjs langservice.mjs --actions F.json [--labels a,b] [--secrets A] [--vars B] ROOT...
// labels: own runner labels; secrets, vars: names that exist; a name that does not is a finding.
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";
import { data, DescriptionDictionary } from "@actions/expressions";
import { LogLevel, registerLogger, setLogLevel, validate } from "@actions/languageservice";
import { ValueProviderKind } from "@actions/languageservice/value-providers/config";
import { DEFAULT_RUNNER_LABELS } from "@actions/languageservice/value-providers/default";
import { TextDocument } from "vscode-languageserver-textdocument";
import { localFileProvider, repoOf, workflowFiles } from "./lib.mjs";

const text = { type: "string", default: "" };
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { actions: text, labels: text, secrets: text, vars: text },
});
const list = value => value.split(",").filter(Boolean);
const known = JSON.parse(fs.readFileSync(options.actions, "utf8"));
const labels = [...DEFAULT_RUNNER_LABELS, "linux", "x64", "arm64", ...list(options.labels)].map(label => ({ label }));
const runsOn = { kind: ValueProviderKind.AllowedValues, caseInsensitive: true, get: async () => labels };
const names = { secrets: ["GITHUB_TOKEN", ...list(options.secrets)], vars: list(options.vars) };

let inside = [];
registerLogger({ error: message => inside.push(message), warn() {}, info() {}, log() {} });
setLogLevel(LogLevel.Error);

const config = file => ({
  fileProvider: localFileProvider(repoOf(file)),
  valueProviderConfig: { "runs-on": runsOn, "runs-on-labels": runsOn },
  contextProviderConfig: {
    async getContext(name) {
      if (!names[name]) return undefined;
      const dictionary = new DescriptionDictionary();
      for (const key of names[name]) dictionary.add(key, new data.StringData("***"));
      return dictionary;
    },
  },
  actionsMetadataProvider: {
    fetchActionMetadata: async a => known[`${a.owner}/${a.name}${a.path ? `/${a.path}` : ""}`],
  },
});

const rows = [];
for (const file of positionals.flatMap(workflowFiles)) {
  inside = [];
  const url = pathToFileURL(path.resolve(file)).href;
  const document = TextDocument.create(url, "yaml", 1, fs.readFileSync(file, "utf8"));
  for (const d of await validate(document, config(file)))
    if ((d.severity ?? 1) <= 2) rows.push({ file, line: d.range.start.line + 1, message: d.message });
  for (const message of inside) rows.push({ file, line: 0, message: `internal: ${message}` });
}
console.log(JSON.stringify(rows));
