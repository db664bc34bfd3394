"""Steps that several jobs share, as text that `text.fill` puts into a job.

No step holds an expression in its script: values come as variables of the step.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from branchline.core.plan.ci_machines import OWN
from branchline.generate.workflows import actions
from branchline.generate.workflows.header import digest
from branchline.generate.workflows.store import libraries
from branchline.generate.workflows.store import variables as of_store
from branchline.generate.workflows.text import fill, flow, quoted, shell_word
from branchline.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable

    from branchline.generate.workflows.values import Facts

_TO_REGISTER = ("mlflow",)
"""Extras of jobs that train nothing and judge nothing."""
RESULTS = "branchline-results"
"""Folder of what one job hands to the next, in the runner's folder for such: not in the tree."""
RESULTS_PATH = "${{ runner.temp }}/" + RESULTS
EARLIER = "branchline-earlier"
"""Folder of what an earlier part of a training left."""

_CHECKOUT = """\
- name: check out
  uses: <<checkout>>
  with:
    <<ref>>
    persist-credentials: false
"""

_PYTHON = """\
- name: set up Python
  id: python
  uses: <<setup_python>>
  with:
    python-version: <<python>>
"""

_CACHE = """\
- name: installed packages
  id: packages
  uses: <<cache>>
  with:
    path: ${{ runner.temp }}/packages
    key: branchline-<<machine>>-<<kind>>-${{ hashFiles(<<files>>) }}
"""

_MACHINE = "${{ runner.os }}-${{ runner.arch }}-${{ steps.python.outputs.python-version }}"

# pip compiles what it installs, so a restored environment starts without compiling. `-I`: a file
# of the repository that is called json.py or pip.py is not Python's.
_INSTALL = """\
- name: install
  if: steps.packages.outputs.cache-hit != 'true'
  run: |
    python -I -m venv "$RUNNER_TEMP/packages"
    export PATH="$RUNNER_TEMP/packages/bin:$PATH"
    <<pin>>
    python -I -m pip install --disable-pip-version-check --compile -r <<requirements>>
"""

# A repository that calls this workflow has no such file.
_PIN_WHERE_NONE = """\
file=<<requirements>>
if [ ! -f "$file" ]; then
  file="$RUNNER_TEMP/requirements.txt"
  printf '%s\\n' <<pin>> > "$file"
fi
"""

# Also where the packages were restored: the command may install this very commit, or what a file
# names that its lock includes. What is there already costs a moment.
_INSTALL_STAGES = """\
- name: install what stages need
  run: |
    export PATH="$RUNNER_TEMP/packages/bin:$PATH"
    <<install>>
"""

_INSTALL_PINNED = """\
- name: install Branchline
  run: |
    python -I -m venv "$RUNNER_TEMP/packages"
    export PATH="$RUNNER_TEMP/packages/bin:$PATH"
    <<pin>>
    python -I -m pip install --disable-pip-version-check -r <<requirements>>
"""

_FREE_DISK = """\
- name: free disk space
  if: runner.environment == 'github-hosted' && runner.os == 'Linux'
  run: |
    sudo rm -rf /usr/share/dotnet /usr/local/lib/android /opt/ghc /usr/local/.ghcup \\
      /opt/hostedtoolcache/CodeQL
    df -h /
"""

_CLEAN = """\
- name: clean up what an earlier job left
  if: runner.environment == 'self-hosted'
  run: |
    find "$RUNNER_TEMP" -mindepth 1 -maxdepth 1 -name packages -exec rm -rf {} +
    df -h .
"""

_AWS = """\
- name: credentials of AWS
  env:
    AWS_REGION: <<region>>
    ROLE: <<role>>
    SECONDS_VALID: "<<seconds>>"
  run: |
    python3 -I - <<'PYTHON'
    import json, os, urllib.parse, urllib.request
    asked = urllib.request.Request(
        os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=sts.amazonaws.com",
        headers={"Authorization": "bearer " + os.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]},
    )
    token = json.load(urllib.request.urlopen(asked, timeout=30))["value"]
    form = urllib.parse.urlencode({
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": os.environ["ROLE"],
        "RoleSessionName": "branchline-" + os.environ["GITHUB_RUN_ID"],
        "DurationSeconds": os.environ["SECONDS_VALID"],
        "WebIdentityToken": token,
    }).encode()
    asked = urllib.request.Request(
        "https://sts." + os.environ["AWS_REGION"] + ".amazonaws.com/", data=form,
        headers={"Accept": "application/json"},
    )
    said = json.load(urllib.request.urlopen(asked, timeout=30))
    result = said["AssumeRoleWithWebIdentityResponse"]["AssumeRoleWithWebIdentityResult"]
    got = result["Credentials"]
    for name in ("SecretAccessKey", "SessionToken"):
        print("::add-mask::" + got[name])
    place = os.path.join(os.environ["RUNNER_TEMP"], "aws-credentials")
    with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("[default]\\naws_access_key_id = " + got["AccessKeyId"])
        file.write("\\naws_secret_access_key = " + got["SecretAccessKey"])
        file.write("\\naws_session_token = " + got["SessionToken"] + "\\n")
    PYTHON
"""

_UPLOAD = """\
- name: <<title>>
  id: keep
  <<condition>>
  uses: <<upload>>
  with:
    name: <<name>>
    path: <<path>>
    if-no-files-found: error
    retention-days: <<days>>
"""

_DOWNLOAD = """\
- name: <<title>>
  <<condition>>
  uses: <<download>>
  with:
    name: <<name>>
    path: <<path>>
"""


def schedule(cron: str) -> str:
    """The event `schedule` of a workflow, with what GitHub does with it; "" for none."""
    if not cron:
        return ""
    return (
        "# In UTC. GitHub starts late, or drops what is due at the start of an hour; in a\n"
        "# public repository without a commit for 60 days it stops.\n"
        f"schedule:\n  - cron: {quoted(cron)}"
    )


def checkout(*, ref: str = "") -> str:
    """The repository, without the token; `ref` is a branch whose code is trusted."""
    return fill(_CHECKOUT, checkout=actions.CHECKOUT, ref=f"ref: {quoted(ref)}" if ref else "")


def python(facts: Facts, version: str = "") -> str:
    """A Python of this version: the settings' own, or an expression."""
    said = version or quoted(facts.python)
    return fill(_PYTHON, setup_python=actions.SETUP_PYTHON, python=said)


def pin(extras: Iterable[str]) -> str:
    """What installs this Branchline, in the words of a requirements file.

    >>> pin([]).partition("==")[0], pin(["gate", "tune"]).partition("==")[0]
    ('branchline', 'branchline[gate,tune]')
    """
    listed = ",".join(sorted(extras))
    name = f"branchline[{listed}]" if listed else "branchline"
    # A check may want an older Python, and needs no Branchline.
    return f'{name}=={__version__}; python_version >= "3.11"'


def packages(facts: Facts, *, on: tuple[str, ...], with_install: bool) -> str:
    """Branchline, and what stages need, in a folder that is kept between runs.

    Args:
        facts: Of the model.
        on: Labels of the runner: what was built on one system may not run on another.
        with_install: Whether the job runs stages or checks.
    """
    install = facts.install if with_install else ""
    lines = pins(facts, facts.extras) if facts.writes_requirements else ()
    pinned = " ".join(map(shell_word, lines))
    files = [facts.requirements, *(facts.locks if with_install else ())]
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in files)
    kind = "stages" if with_install else "plan"
    made_by = f"{kind}-{digest(json.dumps([list(on), install, pinned]))}"
    requirements, text = shell_word(facts.requirements), ""
    if pinned:
        text = fill(_PIN_WHERE_NONE, requirements=requirements, pin=pinned)
        requirements = '"$file"'
    return (
        fill(_CACHE, cache=actions.CACHE, machine=_MACHINE, kind=made_by, files=listed)
        + fill(_INSTALL, pin=text, requirements=requirements)
        + (fill(_INSTALL_STAGES, install=install) if install else "")
    )


def pins(facts: Facts, extras: Iterable[str]) -> tuple[str, ...]:
    """Lines of a requirements file: Branchline, and what reaches the store of its outputs."""
    return (pin(extras), *libraries(facts.store))


def branchline_alone(facts: Facts) -> str:
    """Branchline without a cache, for jobs that may write: nobody else's files are restored."""
    if not facts.writes_requirements:
        return fill(_INSTALL_PINNED, pin="", requirements=shell_word(facts.requirements))
    # Pinned here and not by a file: the default branch has none before the first merge.
    place = '"$RUNNER_TEMP/requirements.txt"'
    words = " ".join(map(shell_word, pins(facts, to_register(facts))))
    return fill(_INSTALL_PINNED, pin=f"printf '%s\\n' {words} > {place}", requirements=place)


def install_stages(facts: Facts) -> str:
    """What the team's commands need, without a cache."""
    return fill(_INSTALL_STAGES, install=facts.install) if facts.install else ""


def to_register(facts: Facts) -> tuple[str, ...]:
    """Extras of Branchline in jobs that train nothing and judge nothing."""
    return tuple(extra for extra in facts.extras if extra in _TO_REGISTER)


def disk(facts: Facts, labels: tuple[str, ...]) -> str:
    """Room for a training: on hosted runners where asked for, on own ones what is left of ours."""
    if OWN in labels:
        return _CLEAN
    return _FREE_DISK if facts.free_disk else ""


def aws(facts: Facts) -> str:
    """Credentials by the job's identity, in a file that only this job has."""
    if facts.aws is None:
        return ""
    return fill(
        _AWS,
        region=quoted(facts.aws.region),
        role=quoted(facts.aws.role),
        seconds=str(facts.aws.seconds),
    )


def upload(facts: Facts, *, name: str, path: str = RESULTS_PATH, condition: str = "") -> str:
    """Keep a folder for other jobs, under a name that this attempt alone uses."""
    return fill(
        _UPLOAD, title="keep the results", upload=actions.UPLOAD, name=name, path=path,
        days=str(facts.retention_days), condition=condition,
    )  # fmt: skip


def download(
    *, name: str, path: str = RESULTS_PATH, title: str = "what the training left", of: str = ""
) -> str:
    """What another job of this run kept.

    Args:
        name: Of what it kept.
        path: Where to.
        title: Of the step.
        of: Expression that comes to the name, in a job that goes on where there is none: no name
            would bring everything. "" for a job that needs it.
    """
    condition = f"if: {of} != ''" if of else ""
    return fill(
        _DOWNLOAD, download=actions.DOWNLOAD, name=name, path=path, title=title,
        condition=condition,
    )  # fmt: skip


def variables(facts: Facts) -> str:
    """Variables of the step that runs stages: names are the settings', values GitHub's."""
    lines = [f"{name}: ${{{{ secrets.{name} }}}}" for name in facts.secrets]
    lines += [f"{name}: ${{{{ vars.{name} }}}}" for name in facts.variables]
    return "\n".join([*lines, *_of_role(facts)])


def variables_of_registry(facts: Facts) -> str:
    """Variables of the step that registers: by which it reaches a tracker and the store."""
    held = {"secrets": facts.secrets, "vars": facts.variables}
    wanted = {*facts.registry, *of_store(facts.store, (*facts.secrets, *facts.variables))}
    lines = [
        f"{name}: ${{{{ {place}.{name} }}}}"
        for place, names in held.items()
        for name in names
        if name in wanted
    ]
    return "\n".join([*lines, *(_of_role(facts) if facts.register_takes_role else ())])


def _of_role(facts: Facts) -> list[str]:
    """Variables by which the credentials of a role are found."""
    if facts.aws is None:
        return []
    return [
        "AWS_SHARED_CREDENTIALS_FILE: ${{ runner.temp }}/aws-credentials",
        f"AWS_REGION: {quoted(facts.aws.region)}",
    ]


def runs_on(labels: tuple[str, ...]) -> str:
    """A runner; an own one with the reason why it may be."""
    if len(labels) == 1:
        return f"runs-on: {quoted(labels[0])}"
    if OWN not in labels:
        return f"runs-on: {flow(labels)}"
    why = "zizmor: ignore[self-hosted-runner] code of forks never reaches this job"
    return f"runs-on: {flow(labels)} # {why}"


def earlier(name: str) -> str:
    """What an earlier part of the training left; the files of a part are large, and few."""
    place = "${{ runner.temp }}/" + EARLIER
    return download(name=name, path=place, title="what an earlier part made")
