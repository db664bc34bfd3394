// Shared by the rig's Node tools: which files are workflows, and how local ones are found.
import fs from "node:fs";
import path from "node:path";

// The workflows and actions below a folder: as a repository has them, or else the files in it.
export function workflowFiles(root) {
  if (!fs.statSync(root).isDirectory()) return [root];
  const all = fs.readdirSync(root, { recursive: true }).map(f => path.join(root, f)).sort();
  const placed = all.filter(f => /\/\.github\/workflows\/[^/]+\.ya?ml$/.test(f) || /\/action\.ya?ml$/.test(f));
  return placed.length ? placed : all.filter(f => path.dirname(f) === root && /\.ya?ml$/.test(f));
}

// Resolves local reusable workflows (./.github/workflows/x.yml, $/.github/workflows/x.yml).
export function localFileProvider(repo) {
  return {
    async getFileContent(ref) {
      if (ref.repository) throw new Error(`${ref.owner}/${ref.repository}/${ref.path}@${ref.version} is not reachable offline`);
      return { name: ref.path, content: fs.readFileSync(path.join(repo, ref.path), "utf8") };
    },
  };
}

export function repoOf(file) {
  const found = path.resolve(file).match(/^(.*)\/\.github\/workflows\/[^/]+$/);
  return found ? found[1] : path.dirname(path.resolve(file));
}
