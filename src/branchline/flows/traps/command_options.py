"""Which long options the commands of DVC and CML know, as far as workflows call them. Data only.

Of DVC 3.67.1 a test asks its own parser; of CML 0.20.6 they are those of its documentation.
"""

from __future__ import annotations

__all__ = ["CML", "DVC", "DVC_EVERYWHERE"]

_EVERYWHERE = (
    "--cprofile --cprofile-dump --help --instrument --instrument-open --pdb --quiet --show-stack"
    " --ss --verbose --viztracer --viztracer-async --viztracer-depth --yappi"
    " --yappi-separate-threads"
)
DVC_EVERYWHERE = frozenset(_EVERYWHERE.split())
"""Options of all commands of DVC, those for its developers included."""

DVC = {
    "checkout": "--allow-missing --force --recursive --relink --summary --with-deps",
    "exp run": "--all-pipelines --allow-missing --copy-paths --downstream --dry --force"
    " --force-downstream --ignore-errors --interactive --jobs --keep-going --message --name"
    " --no-hydra --pipeline --pull --queue --recursive --run-all --set-param --single-item --temp",
    "exp show": "--all-branches --all-commits --all-tags --csv --drop --force --hide-failed"
    " --hide-queued --hide-workspace --json --keep --md --no-fetch --no-pager --num --only-changed"
    " --param-deps --precision --rev --sha --sort-by --sort-order",
    "fetch": "--all-branches --all-commits --all-tags --jobs --max-size --no-run-cache --recursive"
    " --remote --run-cache --type --with-deps",
    "metrics diff": "--all --json --md --no-path --precision --recursive --targets",
    "metrics show": "--all-branches --all-commits --all-tags --json --md --precision --recursive",
    "params diff": "--all --deps --json --md --no-path --targets",
    "plots diff": "--experiment --html-template --json --no-header --open --out --show-vega --split"
    " --targets --template --title --x-label --y-label",
    "plots show": "--html-template --json --no-header --open --out --show-vega --split --template"
    " --title --x-label --y-label",
    "pull": "--all-branches --all-commits --all-tags --allow-missing --force --glob --jobs"
    " --no-run-cache --recursive --remote --run-cache --with-deps",
    "push": "--all-branches --all-commits --all-tags --glob --jobs --no-run-cache --recursive"
    " --remote --run-cache --with-deps",
    "repro": "--all-pipelines --allow-missing --downstream --dry --force --force-downstream --glob"
    " --ignore-errors --interactive --keep-going --no-commit --no-run-cache --pipeline --pull"
    " --recursive --single-item",
    "status": "--all-branches --all-commits --all-tags --cloud --jobs --json --no-updates"
    " --recursive --remote --with-deps",
}
"""Command -> its own long options."""

_CML_EVERYWHERE = " --driver --driver-token --help --log --repo --token --version"
_COMMENT = (
    "--commit-sha --head-sha --native --pr --publish --publish-native --publish-url --rm-watermark"
    " --target --trigger-file --update --watch --watermark-title" + _CML_EVERYWHERE
)
CML = {
    "comment create": _COMMENT,
    "comment update": _COMMENT,
    "check create": "--commit-sha --conclusion --head-sha --status --title" + _CML_EVERYWHERE,
    "pr create": "--body --branch --md --merge --message --rebase --remote --skip-ci --squash"
    " --target-branch --title --user-email --user-name" + _CML_EVERYWHERE,
}
"""Command -> all of its long options; it refuses every other."""
CML["pr"] = CML["pr create"]
