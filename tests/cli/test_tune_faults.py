"""Trials that misbehave: each fails in one sentence, leaves nothing, and the search goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests import ready_branchline
from tests.cli.test_tune_parallel import begun, is_gone, until
from tests.cli.test_tune_study import Searching

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
import ctypes, json, os, signal, subprocess, sys, time
from pathlib import Path
p = {{k: v.strip() for k, v in (line.split(":") for line in open("params.yaml"))}}
x = float(p["x"])
def note(pid):
    with open({pids!r}, "a") as file:
        file.write(f"{{pid}}\\n")
note(os.getpid())
if x == 0.2:
{bad}
"""
GOOD = 'json.dump({"score": 0.9 - (x - 0.3) ** 2}, open("metrics.json", "w"))\n'
LEAK = "found = []\nwhile True: found.append(bytearray(10_000_000))"
MEMORY = "resources: {train: {memory: 300M}}\n"
TIMEOUT = "resources: {train: {timeout: 1s}}\n"


class Faulty(Searching):
    """A search of three points; where x is 0.2 the training misbehaves, 0.3 is the best."""

    @classmethod
    def build(cls, folder: Path, bad: str, *, good: str = GOOD, more: str = "") -> Faulty:
        folder.mkdir(exist_ok=True)
        made = cls.create(folder)
        assert isinstance(made, Faulty)
        lines = "".join(f"    {line}\n" for line in (bad or "pass").splitlines())
        text = HEAD.format(pids=str(made.pids), bad=lines) + good
        made.commit(**{"train.py": text})
        made.settings("trials: 3", "space: {x: [0.2, 0.3, 0.4]}")
        settings = made.folder / "branchline.yaml"
        made.commit(**{"branchline.yaml": settings.read_text() + more})
        return made

    @property
    def pids(self) -> Path:
        """Where each training notes the processes that it starts."""
        return self.folder.parent / "pids"

    def commit(self, **files: str) -> None:
        """Commit files."""
        for name, text in files.items():
            (self.folder / name).write_text(text)
        self.git("add", "-A", "-f", *files)
        self.git("commit", "-q", "--allow-empty", "-m", "more")

    def start_plainly(self) -> None:
        """Let each trial be a Python of its own, no fork."""
        text = (self.folder / "dvc.yaml").read_text()
        self.commit(**{"dvc.yaml": text.replace("python train.py", "python -u train.py")})

    def goes_on_after(self, *reasons: str, words: tuple[str, ...] = ()) -> str:
        """Search, and see that one trial failed, and why, and no other; what is said."""
        said = self.call("tune", *words)

        (line,) = [line for line in said.splitlines() if line.startswith("trial 1 of 3: failed")]
        for reason in reasons:
            assert reason in line, said
        assert said.count(": failed,") == 1, said
        assert "The best, score 0.9 (now 0.54): x 0.9 -> 0.3" in said
        assert "branchline/adapters" not in said, "a traceback of ours"
        assert "branchline/flows" not in said
        assert until(lambda: all(is_gone(pid) for pid in begun(self.pids)), 5)
        assert self.git("status", "--porcelain").split() == [
            "M", "params.yaml", "??", "best_params.yaml",
        ]  # fmt: skip
        return said

    def trial(self, number: int) -> dict[str, Any]:
        """A trial, as `--json` tells it; the search itself is not made again."""
        told = self.told()
        (found,) = [trial for trial in told["trials"] if trial["number"] == number]
        assert isinstance(found, dict)
        return found

    def is_known(self) -> bool:
        """Whether a result is known for the values of the trial that misbehaves."""
        (self.folder / "params.yaml").write_text("x: 0.2\ny: 5\nseed: 7\n")
        plan: dict[str, Any] = json.loads(self.call("plan", "--json"))
        return bool(plan["counts"]["reuse"])


# Memory and time


@pytest.mark.parametrize("is_forked", [True, False], ids=["forked", "plain"])
def test_one_that_takes_too_much_memory_fails_by_itself(tmp_path: Path, *, is_forked: bool) -> None:
    project = Faulty.build(tmp_path, LEAK, more=MEMORY)
    if not is_forked:
        project.start_plainly()

    said = project.goes_on_after("`train`: exit code 1: MemoryError")

    assert ("each start is a new Python" in said) is not is_forked
    assert '  train |   File "train.py", line ' in said, "not the folder that is gone afterwards"
    assert "  train | MemoryError" in said
    assert not project.is_known()


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param("time.sleep(60)", id="hangs"),
        pytest.param(
            "made = subprocess.Popen(['sleep', '100'], start_new_session=True, env={})\n"
            "note(made.pid)\ntime.sleep(60)",
            id="hangs-and-has-started-a-session-of-its-own",
        ),
        pytest.param(
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1)",
            id="ignores-sigterm",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_one_that_takes_too_long_is_ended_with_all_that_it_started(
    tmp_path: Path, bad: str
) -> None:
    project = Faulty.build(tmp_path, bad, more=TIMEOUT)

    project.goes_on_after("`train`: ended after 1 s (timeout)")

    assert not project.is_known()


# What it writes


def test_one_that_writes_outside_its_folder_harms_no_working_tree(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    good = f"open('../../x', 'w').write(str(x))\nopen('{outside}/y', 'w').write(str(x))\n{GOOD}"
    project = Faulty.build(tmp_path, "raise SystemExit(3)", good=good)

    project.goes_on_after("`train`: exit code 3", words=("--parallel", "2"))

    assert (outside / "y").exists()
    assert not list(project.folder.rglob("x"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param('{"score": NaN}', "`score` is nan", id="nan"),
        pytest.param('{"score": -Infinity}', "`score` is -inf", id="infinity"),
        pytest.param('{"score": "0.95"}', "`score` is 0.95, which is no number", id="a-text"),
        pytest.param('{"score": true}', "`score` is true, which is no number", id="a-truth-value"),
        pytest.param(
            '{"score": [1, 2]}', "`score` is no single number, it holds `score.0`, `score.1`",
            id="a-list",
        ),
        pytest.param("", "metrics.json:1:1: the JSON cannot be read", id="empty"),
        pytest.param('{"score": 0.', "metrics.json:1:12: the JSON cannot be read", id="broken"),
        pytest.param("[0.9]", "`score` is not among the metrics", id="no-mapping"),
    ],
)  # fmt: skip
def test_one_whose_metric_is_no_number_has_no_value(tmp_path: Path, text: str, reason: str) -> None:
    bad = f"open('metrics.json', 'w').write({text!r})\nraise SystemExit(0)"
    project = Faulty.build(tmp_path, bad)

    project.goes_on_after(reason)

    assert project.trial(1)["value"] is None


@pytest.mark.parametrize(
    "flags", ["{cache: false}", "{cache: false, persist: true}"], ids=["plain", "persist"]
)
@pytest.mark.parametrize("is_forked", [True, False], ids=["forked", "new-python"])
def test_metrics_of_a_commit_or_of_the_trial_before_are_not_taken_for_those_of_a_trial(
    tmp_path: Path, flags: str, *, is_forked: bool
) -> None:
    project = Faulty.build(tmp_path, "raise SystemExit(0)")
    pipeline = (project.folder / "dvc.yaml").read_text().replace("{cache: false}", flags)
    project.commit(**{"metrics.json": '{"score": 0.99}\n', "dvc.yaml": pipeline})
    if not is_forked:
        project.start_plainly()

    said = project.call("tune", "--dry-run")

    assert "trial 1 of 3: failed, `train`: did not make its output `metrics.json`" in said
    assert "The best, score 0.9 (now 0.54)" in said
    assert "0.99" not in said
    assert not project.is_known()


def test_a_trial_does_not_go_on_from_what_the_one_before_it_left(tmp_path: Path) -> None:
    project = Faulty.build(
        tmp_path, "", good=f"assert not Path('last.txt').exists()\nopen('last.txt', 'w')\n{GOOD}"
    )
    text = (project.folder / "dvc.yaml").read_text()
    outs = "outs: [last.txt: {persist: true}]"
    project.commit(**{"dvc.yaml": text.replace("metrics:", f"{outs},\n          metrics:")})

    said = project.call("tune")

    assert said.count(": succeeded, score") == 4, said


@pytest.mark.parametrize(
    "pipeline",
    [
        pytest.param(
            "stages:\n  train: {cmd: python train.py, deps: [train.py], params: [x]}\n",
            id="nobody-declares-it",
        ),
        pytest.param(
            "stages:\n  train: {cmd: python train.py, params: [x], outs: [model.txt]}\n"
            "  evaluate: {cmd: cp model.txt metrics.json, deps: [model.txt], metrics:"
            " [metrics.json: {cache: false}]}\n",
            id="another-stage-makes-it",
        ),
    ],
)
def test_a_metrics_file_that_no_stage_of_a_trial_makes_is_refused(
    tmp_path: Path, pipeline: str
) -> None:
    project = Faulty.build(tmp_path, "")
    project.settings("stages: [train]", "space: {x: [0.2, 0.3, 0.4]}")
    project.commit(
        **{"dvc.yaml": f"{pipeline}metrics: [metrics.json]\n", "metrics.json": '{"score": 0.99}\n'}
    )

    said = project.call("tune", code=1)

    assert "no stage of a trial (`train`) declares metrics, so there is no `score`" in said
    assert "that `metrics.json` is listed does not say who makes it" in said
    assert "hint: Declare the file under `metrics` of the stage that writes it" in said
    assert not begun(project.pids)


@pytest.mark.parametrize("words", [(), ("--parallel", "2")], ids=["alone", "side-by-side"])
def test_a_metric_that_is_not_there_ends_the_search_with_its_first_training(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    project = Faulty.build(tmp_path, "")
    project.settings("space: {x: [0.2, 0.3, 0.4]}", objective="{metric: scores, goal: maximize}")

    said = project.call("tune", *words, code=1)

    assert "`scores` is not among the metrics; the nearest name is `score`" in said
    assert len(begun(project.pids)) == 1


def test_a_stage_that_is_not_there_is_said_before_anything_runs(tmp_path: Path) -> None:
    project = Faulty.build(tmp_path, "")
    project.settings("stages: [trian]", "space: {x: [0.2, 0.3, 0.4]}")

    said = project.call("tune", code=2)

    assert said.splitlines()[-2:] == [
        "error: there is no stage `trian`", "hint: Did you mean `train`?",
    ]  # fmt: skip
    assert "as it is now" not in said


@pytest.mark.parametrize(
    ("space", "words"),
    [
        pytest.param("{xx: [1, 2]}", "is not set in params.yaml\nhint: Did you mean `x`?",
                     id="typo"),
        pytest.param("{lr: [1, 2]}", "Did you mean `train.lr`?", id="without-its-group"),
        pytest.param("{train: [1, 2]}",
                     "which holds other parameters\nhint: Name one of them: train.lr",
                     id="a-group"),
        pytest.param("{x: {int: [1, 5], when: {yy: 1}}, y: [1, 2]}",
                     "tune.space.x.when.yy: is no other parameter of `space`; did you mean `y`?",
                     id="when-of-a-typo"),
        pytest.param("{x: {int: [1, 5], when: {seed: 1}}}",
                     "is no other parameter of `space`; where it has one value, add `seed: VALUE`",
                     id="when-of-what-no-trial-sets"),
        pytest.param("{x: {int: [1, 5], when: {y: [1, 3]}}, y: [1, 2]}",
                     "tune.space.x.when.y: is 3, which `y` never is: it is [1, 2]",
                     id="when-never-met"),
        pytest.param("{x: {float: [0, 1], step: 5}}", "is 5, and only 0 would be tried of [0, 1]",
                     id="step-beyond-the-range"),
        pytest.param("{x: {float: [1, 9], step: 1, log: true}}",
                     "is 1; a logarithmic scale has no steps", id="log-with-steps"),
    ],
)  # fmt: skip
def test_a_space_that_cannot_be_meant_is_refused_before_anything_runs(
    tmp_path: Path, space: str, words: str
) -> None:
    project = Faulty.build(tmp_path, "")
    project.settings(f"space: {space}")
    project.commit(**{"params.yaml": "x: 0.9\ny: 5\nseed: 7\ntrain: {lr: 1}\n"})

    said = project.call("tune", code=1)

    assert words in said
    assert not begun(project.pids)


def test_without_a_space_nothing_runs(tmp_path: Path) -> None:
    project = Faulty.build(tmp_path, "")
    settings = "model: m\ntune: {objective: {metric: score}}\n"
    project.commit(**{"branchline.yaml": settings})

    assert "tune.space is empty" in project.call("tune", code=1)
    assert not begun(project.pids)


def test_a_range_of_another_kind_than_the_value_that_is_set_is_remarked(tmp_path: Path) -> None:
    project = Faulty.build(tmp_path, "")
    project.settings("trials: 1", "space: {y: {float: [1, 6]}, x: {float: [0.0, 1.0]}}")

    said = project.call("tune", "--dry-run")

    assert said.startswith(
        "`y` is 5, a whole number, and is searched in real ones; else write {int: [1, 6]}\n"
    )
    assert said.count("searched in") == 1


def test_where_the_best_cannot_be_written_the_trials_are_shown(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    project = Faulty.build(tmp_path, f"os.remove('{folder}/params.yaml')")

    said = project.call("tune", code=1)

    assert "rank  trial  score    x  seconds" in said
    assert said.splitlines()[-2].startswith("error: tune.space names `x`, which is not set")


# How it ends


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param("raise SystemExit(0)", "did not make its output", id="leaves-nothing"),
        pytest.param("os.kill(os.getpid(), 9)", "killed by SIGKILL", id="killed"),
        pytest.param("ctypes.string_at(0)", "killed by SIGSEGV", id="crashes"),
        pytest.param("os._exit(7)", "exit code 7", id="leaves-at-once"),
        pytest.param("raise ValueError('no\\nrows')", "exit code 1: ValueError: no", id="raises"),
        pytest.param("print('x: error: no', file=sys.stderr)\nraise SystemExit(2)",
                     "exit code 2: x: error: no", id="complains"),
        pytest.param("os.remove('params.yaml')\nraise SystemExit(1)", "exit code 1",
                     id="removes-its-parameters-and-fails"),
        pytest.param("os.remove('params.yaml')\nopen('metrics.json', 'w').write('{}')\n"
                     "raise SystemExit(0)", "`params.yaml` changed while the stage ran",
                     id="removes-its-parameters"),
        pytest.param("os.chdir('/')\nraise SystemExit(0)", "did not make its output",
                     id="changes-its-folder"),
        pytest.param("sys.stdout.close()\nraise SystemExit(1)", "exit code 1", id="closes-stdout"),
        pytest.param("os.close(1)\nos.close(2)\nraise SystemExit(1)", "exit code 1",
                     id="closes-its-descriptors"),
        pytest.param("if os.fork() == 0:\n  os.setsid()\n  note(os.getpid())\n  time.sleep(100)\n"
                     "raise SystemExit(1)", "exit code 1; background processes were still running"
                     " and were ended", id="leaves-a-daemon"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_forked", [True, False], ids=["forked", "plain"])
def test_one_that_ends_badly_fails_in_one_sentence(
    tmp_path: Path, bad: str, reason: str, *, is_forked: bool
) -> None:
    project = Faulty.build(tmp_path, bad)
    if not is_forked:
        project.start_plainly()

    project.goes_on_after(reason)

    assert not project.is_known()


def test_what_all_of_them_say_is_shown_once(tmp_path: Path) -> None:
    project = Faulty.build(tmp_path, "", good="print('loading')\nimport no_such_module\n")

    said = project.call("tune", code=1)

    reason = "exit code 1: ModuleNotFoundError: No module named 'no_such_module'"
    assert said.count(f"failed, `train`: {reason}") == 4
    assert said.count("  train | ModuleNotFoundError: No module named 'no_such_module'") == 1
    assert said.count("  train | ... the same as the last one that failed") == 3
    assert said.splitlines()[-2:] == [
        "No trial left a number for `score`.", f"The first of 4: `train`: {reason}",
    ]  # fmt: skip
    told = project.told(code=1)
    assert {trial["detail"] for trial in told["trials"]} == {f"`train`: {reason}"}
    assert told["best"] is None


def test_what_it_prints_cannot_rule_the_terminal(tmp_path: Path) -> None:
    bad = (
        "os.write(1, b'\\xff bad \\x1b[31mred\\x1b]0;title\\x07 \\x08ok\\n')\n"
        "os.write(2, b'10 %\\r99 %\\r')\n"
        "raise ValueError('\\x1b[2Jgone \\u202egnp')"
    )
    project = Faulty.build(tmp_path, bad)

    said = project.goes_on_after("exit code 1: ValueError: gone gnp")

    assert not [char for char in said if ord(char) < 32 and char != "\n"]
    assert "  train | \ufffd bad red ok" in said


def test_what_it_prints_is_shown_in_part(tmp_path: Path) -> None:
    bad = "for _ in range(100): sys.stdout.write('x' * 1_000_000)\nraise SystemExit(1)"
    project = Faulty.build(tmp_path, bad)

    said = project.goes_on_after("exit code 1")

    assert len(said) < 10_000


def test_what_a_module_reads_when_it_is_imported_is_that_of_the_trial(tmp_path: Path) -> None:
    project = Faulty.build(tmp_path, "")
    config = "X = float(open('params.yaml').readline().split(':')[1])\n"
    train = "import json\nfrom config import X\n"
    train += "json.dump({'score': X}, open('metrics.json', 'w'))\n"
    project.commit(**{"config.py": config, "train.py": train})

    for words in ((), ("--parallel", "2", "--seed", "2")):
        told = project.told(*words)

        assert {t["params"]["x"]: t["value"] for t in told["trials"]} == {
            0.9: 0.9, 0.2: 0.2, 0.3: 0.3, 0.4: 0.4,
        }  # fmt: skip


def test_run_shows_no_escapes_either(tmp_path: Path) -> None:
    project = Faulty.build(tmp_path, "", good="raise SystemExit('\\x1b[31mred\\x1b[0m')\n")

    done = ready_branchline.call(["run"], cwd=project.folder, env=project.environ)

    assert done.returncode == 1
    assert "| red" in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr
