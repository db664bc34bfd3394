"""A script that makes a machine a runner of one repository. Twice is once; it checks what it gets.

The runner has an account of its own, without sudo and docker, and leaves nothing between jobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.plan.ci_machines import OWN
from branchline.errors import ConfigError
from branchline.generate.workflows.text import fill, shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from branchline.generate.workflows.values import Facts

_SCRIPT = r"""#!/usr/bin/env bash
# Makes this machine (Linux, x64) a runner of a PRIVATE repository, with the labels that
# branchline.yaml names. Run it again for a newer version, or after a change of labels.
#
#   sudo RUNNER_VERSION=2.335.0 RUNNER_SHA256=... RUNNER_TOKEN=... bash setup-runner.sh
#
# RUNNER_VERSION, RUNNER_SHA256: from https://github.com/actions/runner/releases, file
#   actions-runner-linux-x64-VERSION.tar.gz.
# RUNNER_TOKEN: from the repository's Settings, Actions, Runners, New runner; it lives for an hour.
# REPOSITORY: https://github.com/OWNER/NAME.
<<kinds>>
set -euo pipefail

labels=<<labels>>
labels="${RUNNER_LABELS:-$labels}"
account=branchline-runner
home=/opt/branchline-runner
repository="${REPOSITORY:-<<repository>>}"

say() { printf '%s\n' "$*"; }
refuse() {
  printf 'refused: %s\n' "$*" >&2
  exit 1
}

[ "$(id -u)" -eq 0 ] || refuse "run it with sudo: it makes an account and a service"
[ "$(uname -sm)" = "Linux x86_64" ] || refuse "this is $(uname -sm), not Linux x86_64"
for tool in curl tar sha256sum systemctl useradd; do
  command -v "$tool" > /dev/null || refuse "$tool is missing"
done
<<gpu>>
version="${RUNNER_VERSION:?set RUNNER_VERSION, e.g. 2.335.0}"
sum="${RUNNER_SHA256:?set RUNNER_SHA256, from the page of the release}"
case "$repository" in
  https://*/*/*) ;;
  *) refuse "set REPOSITORY=https://github.com/OWNER/NAME" ;;
esac
case "$version" in *[!0-9.]*) refuse "RUNNER_VERSION is $version, must be like 2.335.0" ;; esac
case "$sum" in *[!0-9a-f]*) refuse "RUNNER_SHA256 must be 64 hexadecimal characters" ;; esac

# An account without a password, sudo or docker.
if ! id "$account" > /dev/null 2>&1; then
  useradd --system --create-home --home-dir "$home" --shell /usr/sbin/nologin "$account"
  say "made the account $account"
fi
install -d -o "$account" -g "$account" -m 700 "$home" "$home/runner"

# The runner, where this version is not there yet. Nothing is unpacked before it is checked.
if [ "$(cat "$home/version" 2> /dev/null)" != "$version" ]; then
  file="actions-runner-linux-x64-$version.tar.gz"
  draft="$(mktemp -d)"
  trap 'rm -rf "$draft"' EXIT
  curl --fail --silent --show-error --location --proto '=https' --tlsv1.2 \
    --output "$draft/$file" \
    "https://github.com/actions/runner/releases/download/v$version/$file"
  printf '%s  %s\n' "$sum" "$draft/$file" | sha256sum --check --status \
    || refuse "the digest of $file is not RUNNER_SHA256; nothing was unpacked"
  systemctl stop branchline-runner 2> /dev/null || true
  tar --extract --gzip --no-same-owner --file "$draft/$file" --directory "$home/runner"
  chown -R "$account:$account" "$home/runner"
  printf '%s\n' "$version" > "$home/version"
  say "unpacked version $version"
fi

# After each job: what it left running, and what it left in the work folder. Before each one again,
# for jobs that were cut off.
cat > "$home/clean.sh" <<'CLEAN'
#!/usr/bin/env bash
set -u
here="$(cd "$(dirname "$0")" && pwd)"
if [ -n "${RUNNER_TEMP:-}" ]; then
  find "$RUNNER_TEMP" -mindepth 1 -maxdepth 1 ! -name '_*' -exec rm -rf {} + 2> /dev/null
fi
if command -v nvidia-smi > /dev/null; then
  nvidia-smi --query-compute-apps=pid --format=csv,noheader 2> /dev/null \
    | while read -r pid; do
      owner="$(stat -c %u "/proc/$pid" 2> /dev/null || true)"
      if [ "$owner" = "$(id -u)" ]; then kill -9 "$pid" 2> /dev/null; fi
    done
fi
df -h "$here" | tail -1
exit 0
CLEAN
chown root:root "$home/clean.sh"
chmod 755 "$home/clean.sh"

# Registered once; again where labels or repository changed. The token goes by the environment: the
# list of processes does not show it.
wanted="$repository $labels"
if [ "$(cat "$home/registered" 2> /dev/null)" != "$wanted" ]; then
  token="${RUNNER_TOKEN:?set RUNNER_TOKEN, from Settings, Actions, Runners}"
  systemctl stop branchline-runner 2> /dev/null || true
  rm -f "$home/runner/.runner" "$home/runner/.credentials" "$home/runner/.credentials_rsaparams"
  export ACTIONS_RUNNER_INPUT_TOKEN="$token"
  (
    cd "$home/runner"
    runuser --user "$account" --preserve-environment -- ./config.sh --unattended --replace \
      --url "$repository" --labels "$labels" --name "$(hostname)" --disableupdate
  )
  unset ACTIONS_RUNNER_INPUT_TOKEN
  printf '%s\n' "$wanted" > "$home/registered"
  say "registered with the labels $labels"
fi

cat > /etc/systemd/system/branchline-runner.service <<UNIT
[Unit]
Description=Runner of GitHub Actions for Branchline
After=network-online.target
Wants=network-online.target

[Service]
User=$account
WorkingDirectory=$home/runner
Environment=ACTIONS_RUNNER_HOOK_JOB_STARTED=$home/clean.sh
Environment=ACTIONS_RUNNER_HOOK_JOB_COMPLETED=$home/clean.sh
ExecStart=$home/runner/run.sh
Restart=always
RestartSec=10
KillMode=control-group
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=full
ProtectHome=yes
# No credentials of a cloud machine for jobs.
IPAddressDeny=169.254.169.254

[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable --quiet branchline-runner
systemctl restart branchline-runner
say "the runner runs: systemctl status branchline-runner"
"""

_GPU = r"""# A stage wants a GPU.
command -v nvidia-smi > /dev/null || refuse "there is no nvidia-smi: install the driver"
nvidia-smi --query-gpu=name,memory.total --format=csv,noheader
"""


def runner_script(facts: Facts, *, repository: str, wants_gpu: bool) -> str:
    """The script for the machine that trains a model.

    Args:
        facts: Of the model.
        repository: `owner/name`; "" where it is not known.
        wants_gpu: Whether a stage asks for a GPU.

    Raises:
        ConfigError: No stage names an own runner.
    """
    if not facts.is_own_runner:
        raise ConfigError(
            f"branchline.yaml: resources: no stage of {facts.model} runs on an own runner",
            todo="Add e.g. resources: {train: {runs_on: [self-hosted, linux, gpu]}}.",
        )
    kinds = dict.fromkeys(
        tuple(label for label in part.runs_on if label != OWN)
        for part in facts.parts
        if part.is_own_runner
    )
    labels = dict.fromkeys(label for kind in kinds for label in kind)
    if any("," in label for label in labels):
        raise ConfigError(
            f"branchline.yaml: resources: a label of {facts.model} holds a comma",
            todo="Write each label as an item of its own.",
        )
    return fill(
        _SCRIPT,
        labels=shell_word(",".join(labels)),
        kinds=f"# RUNNER_LABELS: this machine's, as stages need {_shown(kinds)}; all if not set."
        if len(kinds) > 1
        else "",
        repository=f"https://github.com/{repository}" if repository else "",
        gpu=_GPU if wants_gpu else "",
    )


def _shown(kinds: Iterable[tuple[str, ...]]) -> str:
    return " or ".join(",".join(kind) for kind in kinds)
