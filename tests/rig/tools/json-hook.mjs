// Resolves what the judges import: bare names from the rig's own folder (BRANCHLINE_RIG), and JSON
// files with the import attribute that @actions/* leave out.
import { pathToFileURL } from "node:url";

const rig = pathToFileURL(`${process.env.BRANCHLINE_RIG}/node/package.json`).href;

export async function resolve(specifier, context, next) {
  const isOurs = !/^(node:|file:|data:|[./])/.test(specifier) && !context.parentURL?.includes("/node_modules/");
  const found = await next(specifier, isOurs ? { ...context, parentURL: rig } : context);
  if (!found.url.endsWith(".json")) return found;
  return { ...found, importAttributes: { ...found.importAttributes, type: "json" } };
}
