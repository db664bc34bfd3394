// A real webhook payload (octokit's recorded examples) rewritten to a local repository, on stdout.
//   usage: event-payload.mjs REPO EVENT [--action X] [--head BRANCH] [--base BRANCH] [--number N] [--full-name o/r]
import fs from "node:fs";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
const require = createRequire(`${process.env.BRANCHLINE_RIG}/node/package.json`);
const { values: o, positionals: [repo, event] } = parseArgs({ allowPositionals: true, options: Object.fromEntries(["action", "head", "base", "number", "full-name", "before", "inputs", "index"].map(k => [k, { type: "string" }]).concat([["list", { type: "boolean" }]])) });
const all = JSON.parse(fs.readFileSync(require.resolve("@octokit/webhooks-examples/api.github.com/index.json"), "utf8"));
if (o.list || !event) { for (const e of all) console.log(e.name, e.examples.length, [...new Set(e.examples.map(x => x.action).filter(Boolean))].join(",")); process.exit(0); }
const found = all.find(e => e.name === event)?.examples.filter(x => !o.action || x.action === o.action);
if (!found?.length) { console.error(`no example of ${event} ${o.action ?? ""}`); process.exit(2); }
const p = structuredClone(found[Number(o.index ?? 0)]);
const git = (...a) => { try { return execFileSync("git", ["-C", repo, ...a], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim(); } catch { return ""; } };
const base = o.base ?? "main", head = o.head ?? (git("symbolic-ref", "--short", "HEAD") || base), name = o["full-name"] ?? "local/repo", [owner, short] = name.split("/");
const headSha = git("rev-parse", head) || "0".repeat(40), baseSha = git("rev-parse", base) || "0".repeat(40), zero = "0".repeat(40);
// Some recorded examples predate fields that GitHub sends today.
const NOW = { is_template: false, web_commit_signoff_required: false, topics: [], visibility: "public", custom_properties: {}, has_discussions: false, allow_forking: true, disabled: false };
const rename = r => { if (!r) return; for (const [k, v] of Object.entries(NOW)) r[k] ??= v; r.full_name = name; r.name = short; r.default_branch = base; if (r.owner) { r.owner.login = owner; if ("name" in r.owner) r.owner.name = owner; } };
rename(p.repository);
const commit = sha => ({ id: sha, tree_id: git("rev-parse", `${sha}^{tree}`), distinct: true, message: git("log", "-1", "--format=%B", sha), timestamp: git("log", "-1", "--format=%cI", sha),
  url: `https://github.com/${name}/commit/${sha}`, author: { name: git("log", "-1", "--format=%an", sha), email: git("log", "-1", "--format=%ae", sha) }, committer: { name: git("log", "-1", "--format=%cn", sha), email: git("log", "-1", "--format=%ce", sha) },
  added: files(sha, "A"), removed: files(sha, "D"), modified: files(sha, "M") });
const files = (sha, f) => git("show", "--format=", "--name-only", `--diff-filter=${f}`, sha).split("\n").filter(Boolean);
if (event === "push") {
  const before = o.before ?? (git("rev-parse", `${head}~1`) || zero);
  const list = before === zero ? [headSha] : git("rev-list", "--reverse", `${before}..${headSha}`).split("\n").filter(Boolean);
  Object.assign(p, { ref: `refs/heads/${head}`, before, after: headSha, created: before === zero, deleted: false, forced: false, commits: list.map(commit), head_commit: commit(headSha), compare: `https://github.com/${name}/compare/${before.slice(0, 12)}...${headSha.slice(0, 12)}` });
}
if (p.pull_request) {
  const n = Number(o.number ?? 1), pr = p.pull_request;
  Object.assign(pr, { number: n }); if ("number" in p) p.number = n;
  Object.assign(pr.head, { ref: head, sha: headSha, label: `${owner}:${head}` }); Object.assign(pr.base, { ref: base, sha: baseSha, label: `${owner}:${base}` });
  rename(pr.head.repo); rename(pr.base.repo); pr.merge_commit_sha = headSha; pr.auto_merge ??= null;
}
if (p.issue && o.number) p.issue.number = Number(o.number);
if (p.workflow_run) Object.assign(p.workflow_run, { head_branch: head, head_sha: headSha });
if (event === "workflow_dispatch") Object.assign(p, { ref: `refs/heads/${head}`, inputs: o.inputs ? JSON.parse(o.inputs) : {} });
if (event === "repository_dispatch") Object.assign(p, { action: o.action ?? p.action, branch: base });
console.log(JSON.stringify(p, null, 1));
