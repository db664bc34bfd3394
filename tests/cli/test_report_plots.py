"""Which plots a report has: from predictions, from folders, from the top level of dvc.yaml."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from tests import ready_branchline
from tests.cli.test_history_commands import Project

if TYPE_CHECKING:
    from pathlib import Path

TRAIN = """
import json, os, random
rate = json.load(open("params.json"))["rate"]
chance = random.Random(1)
os.makedirs("dvclive/plots/metrics/train", exist_ok=True)
with open("dvclive/plots/metrics/train/loss.tsv", "w") as f:
    f.write("step\\tloss\\n")
    f.writelines(f"{n}\\t{rate / (n + 1)}\\n" for n in range(5))
rows, hits = ["id,y_true,y_score"], 0
for n in range(400):
    truth = n % 2
    score = min(1, max(0, 0.5 + (truth - 0.5) * rate + chance.gauss(0, 0.2)))
    hits += (score >= 0.5) == truth
    rows.append(f"{n},{truth},{score}")
open("predictions.csv", "w").write("\\n".join(rows) + "\\n")
json.dump({"accuracy": hits / 400}, open("metrics.json", "w"))
open("model.pkl", "w").write(str(rate))
"""
PIPELINE = """
stages:
  train:
    cmd: python train.py
    deps: [train.py]
    params: [{params.json: [rate]}]
    outs: [predictions.csv, model.pkl, dvclive]
    metrics: [{metrics.json: {cache: false}}]
plots:
- dvclive/plots/metrics: {x: step}
- Course:
    x: step
    y: {dvclive/plots/metrics/train/loss.tsv: loss}
- ../outside.csv
"""
CONFIG = """
model: m
gate:
  metrics:
    accuracy: {max_regression: 0.01}
report:
  plots:
  - notes.csv: {x: a, y: b, title: Notes}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    home = tmp_path_factory.mktemp("plots")
    config = home / "gitconfig"
    config.write_text("[user]\nname = Ada\nemail = ada@example.org\n[init]\ndefaultBranch = main\n")
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    made = Project(
        home / "work",
        {
            **kept,
            "PATH": os.pathsep.join([os.path.dirname(sys.executable), kept.get("PATH", "")]),
            "PYTHONPATH": ready_branchline.SOURCE,
            "GIT_CONFIG_GLOBAL": str(config),
            "GIT_CONFIG_NOSYSTEM": "1",
        },
    )
    made.folder.mkdir()
    made.git("init", "-q")
    (home / "outside.csv").write_text("secret,b\n1,2\n")
    files = {"train.py": TRAIN, "dvc.yaml": PIPELINE, "branchline.yaml": CONFIG,
             "notes.csv": "a,b\n1,2\n2,3\n",
             ".gitignore": "/dvclive\n/predictions.csv\n/model.pkl\n"}  # fmt: skip
    for name, text in files.items():
        (made.folder / name).write_text(text)
    for rate, code in ((0.8, 0), (0.3, 3)):
        (made.folder / "params.json").write_text(json.dumps({"rate": rate}))
        made.git("add", ".")
        made.git("commit", "-q", "-m", f"Rate {rate}")
        made.call("run", code=code)
    return made


def test_a_report_has_all_plots_with_the_baselines_beside_them(
    project: Project, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"

    text = project.call("report")
    project.call("report", "--html", str(page))

    assert text.startswith("## ❌ Verdict: failed · `m`\n\nThis change makes the model worse: ")
    titles = ["ROC curve of class 1", "Precision and recall of class 1", "Calibration",
              "Confusion matrix", "Course", "Notes"]  # fmt: skip
    places = [text.index(f"**`{title}`**") for title in titles]
    assert places == sorted(places)
    assert "outside" not in text
    assert "Area 0.8" in text
    assert "Baseline: Area 0.9" in text
    html = page.read_text(encoding="utf-8")
    for title in titles:
        assert f"<figcaption>{title}</figcaption>" in html
    assert html.count('data-name="baseline"') == 4


def test_compare_says_what_chance_leaves_open(project: Project) -> None:
    names = [line.split()[0] for line in project.call("runs").splitlines()[1:]]

    text = project.call("compare", names[1], names[0])
    value = json.loads(project.call("compare", names[1], names[0], "--json"))

    assert f"Differences to {names[1]} on the same examples" in text
    assert "400  worse" in text
    assert "another seed of the training moves the numbers as well" in text
    assert [(one["metric"], one["says"]) for one in value["apart"]] == [("accuracy", "worse")]


def test_an_asset_is_a_chart_or_an_image_that_git_holds(project: Project) -> None:
    image = project.folder / "a plot.png"
    image.write_bytes(b"\x89PNG\r\n\x1a\n")

    chart = project.call("report", "asset", "notes.csv")
    refused = project.call("report", "asset", "a plot.png", code=2)
    project.git("add", "-f", "a plot.png")
    project.git("commit", "-q", "-m", "A plot")
    project.git("remote", "add", "origin", "git@git.example.org:me/it.git")
    shown = project.call("report", "asset", "a plot.png")

    assert "xychart-beta" in chart
    assert "Commit and push it first" in refused
    commit = project.git("rev-parse", "HEAD")
    assert shown == f"![a plot.png](https://git.example.org/me/it/raw/{commit}/a%20plot.png)\n"
    assert "one name too many" in project.call("report", "main", "a plot.png", code=2)
