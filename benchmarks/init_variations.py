"""What `branchline init` finds in generated repositories of which the truth is known.

Every combination of an option parser, a place for the script, a form of metrics, a way to store the
model and a README with or without the command. Nothing is trained: the look alone is judged.

    python benchmarks/init_variations.py [--failures]
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
import time
from collections import Counter
from dataclasses import dataclass

PARSERS = {
    "argparse": (
        "import argparse\n",
        "parser = argparse.ArgumentParser()\n"
        'parser.add_argument("--out", default="artifacts")\n'
        'parser.add_argument("--alpha", type=float, default=0.1)\n'
        "args = parser.parse_args()\nout = args.out\n",
        "",
    ),
    "argparse, an option that must be given": (
        "import argparse\n",
        "parser = argparse.ArgumentParser()\n"
        'parser.add_argument("--name", required=True)\n'
        'parser.add_argument("--out", default="artifacts")\n'
        "args = parser.parse_args()\nout = args.out\n",
        "",
    ),
    "click": (
        "import click\n",
        '@click.command()\n@click.option("--out", default="artifacts")\n'
        '@click.option("--alpha", default=0.1)\ndef main(out, alpha):\n',
        "main()",
    ),
    "typer": (
        "import typer\n",
        'def main(out: str = "artifacts", alpha: float = 0.1):\n',
        "typer.run(main)",
    ),
    "fire": ("import fire\n", 'def main(out="artifacts", alpha=0.1):\n', "fire.Fire(main)"),
    "absl": (
        "from absl import app, flags\nFLAGS = flags.FLAGS\n"
        'flags.DEFINE_string("out", "artifacts", "where")\n',
        "def main(_):\n    out = FLAGS.out\n",
        "app.run(main)",
    ),
    "sys.argv": (
        "import sys\n",
        'out = sys.argv[1] if len(sys.argv) > 1 else "artifacts"\n',
        "",
    ),
    "a settings file": (
        "import yaml\n",
        'with open("config.yaml") as f:\n    config = yaml.safe_load(f)\n'
        'out = config["paths"]["out"]\n',
        "",
    ),
    "a dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass Config:\n"
        '    out: str = "artifacts"\n    alpha: float = 0.1\n',
        "config = Config()\nout = config.out\n",
        "",
    ),
    "constants": ('OUT = "artifacts"\nALPHA = 0.1\n', "out = OUT\n", ""),
}
PLACES = ("train.py", "src/train.py", "fit_model.py", "scripts/run_training.py", "app/lab/main.py")
_WITH = 'with open({}, "w") as f:\n'
_BOTH = '{"rmse": rmse, "r2": r2}'
MODELS = {
    "joblib": (
        "import joblib\n",
        'joblib.dump(model, os.path.join(out, "model.joblib"))\n',
        "model.joblib",
    ),
    "pickle": (
        "import pickle\n",
        'with open(f"{out}/model.pkl", "wb") as f:\n    pickle.dump(model, f)\n',
        "model.pkl",
    ),
    "pathlib": (
        "from pathlib import Path\nimport joblib\n",
        'joblib.dump(model, Path(out) / "clf.joblib")\n',
        "clf.joblib",
    ),
    "a helper module": (
        "from helpers import store\n",
        'store(model, out, "best.pt")\n',
        "best.pt",
    ),
}
METRICS = {
    "JSON": (
        "import json\n",
        _WITH.format('"metrics.json"') + f"    json.dump({_BOTH}, f)\n",
        "metrics.json",
    ),
    "JSON, nested": (
        "import json\n",
        f'json.dump({{"test": {_BOTH}}}, open("reports/scores.json", "w"))\n',
        "reports/scores.json",
    ),
    "JSON, filled later": (
        "import json\n",
        'result = {}\nresult["rmse"] = rmse\nresult["r2"] = r2\n'
        + _WITH.format('"results.json"')
        + "    f.write(json.dumps(result))\n",
        "results.json",
    ),
    "JSON lines": (
        "import json\n",
        _WITH.format('"metrics.jsonl"') + f'    f.write(json.dumps({_BOTH}) + "\\n")\n',
        "metrics.jsonl",
    ),
    "YAML": (
        "import yaml\n",
        _WITH.format('"metrics.yaml"') + f"    yaml.safe_dump({_BOTH}, f)\n",
        "metrics.yaml",
    ),
    "CSV by pandas": (
        "import pandas as pd\n",
        f'pd.DataFrame([{_BOTH}]).to_csv("metrics.csv", index=False)\n',
        "metrics.csv",
    ),
    "CSV by its own module": (
        "import csv\n",
        'with open("scores.csv", "w", newline="") as f:\n'
        '    table = csv.DictWriter(f, fieldnames=["alpha", "rmse", "r2"])\n'
        '    table.writeheader()\n    table.writerow({"rmse": rmse, "r2": r2})\n',
        "scores.csv",
    ),
    "CSV, a line more": (
        "import csv\n",
        'with open("results.csv", "a", newline="") as f:\n'
        '    table = csv.DictWriter(f, fieldnames=["alpha", "rmse", "r2"])\n'
        '    table.writerow({"rmse": rmse, "r2": r2})\n',
        "results.csv",
    ),
    "text": (
        "",
        _WITH.format('"metrics.txt"')
        + '    f.write(f"rmse: {rmse:.3f}\\n")\n    f.write(f"r2: {r2:.3f}\\n")\n',
        "metrics.txt",
    ),
    "printed": ("", 'print(f"rmse: {rmse:.3f}")\nprint("r2:", r2)\n', "train.log"),
    "a name made when it runs": (
        "import json, time\n",
        _WITH.format('f"metrics-{time.time()}.json"') + f"    json.dump({_BOTH}, f)\n",
        "",
    ),
}
HELPERS = '''"""What every script uses."""
import os
import torch
def store(model, folder, name):
    path = os.path.join(folder, name)
    torch.save(model, path)
def fetch(path):
    with open(path) as file:
        return file.read()
class Report:
    def write(self, path):
        with open(path, "w") as file:
            file.write("")
'''
EARLIER = {"CSV, a line more": {"results.csv": "alpha,rmse,r2\n0.1,2.0,0.1\n"}}
OTHERS = {
    "predict.py": 'import joblib\nmodel = joblib.load("artifacts/model.joblib")\nprint(model)\n',
    "plots.py": 'import matplotlib.pyplot as plt\nplt.savefig("roc.png")\n',
}
READMES = ("", "# Lab\n\n```sh\npip install -r requirements.txt\npython {script}\n```\n")


@dataclass(frozen=True)
class Case:
    """One repository and the truth about it."""

    name: str
    files: dict[str, str]
    script: str
    model: str
    metrics: str
    named: frozenset[str]
    grows: bool


def cases() -> list[Case]:
    """Every combination."""
    found = []
    for parser, place, model, metric, readme in itertools.product(
        PARSERS, PLACES, MODELS, METRICS, range(len(READMES))
    ):
        head, begin, end = PARSERS[parser]
        model_import, store, model_file = MODELS[model]
        metric_import, leave, metric_file = METRICS[metric]
        body = (
            "model = Ridge().fit(x, y)\nos.makedirs(out, exist_ok=True)\n"
            "rmse, r2 = measure(model)\n" + store + leave
        )
        inside = begin.rstrip().endswith(":") or "def main" in begin
        if inside:
            body = "".join(f"    {line}\n" for line in body.splitlines())
        source = (
            "import os\nfrom sklearn.datasets import load_diabetes\n"
            "from sklearn.linear_model import Ridge\n"
            + model_import
            + metric_import
            + head
            + 'from helpers import fetch\ntable = fetch("data/table.csv")\n'
            + "x, y = load_diabetes(return_X_y=True)\ndef measure(model):\n    return 1.0, 0.5\n"
            + begin
            + body
            + (f'if __name__ == "__main__":\n    {end}\n' if end else "")
        )
        files = {place: source, "requirements.txt": "scikit-learn\n", **OTHERS}
        files |= {"data/table.csv": "a\n1\n", **EARLIER.get(metric, {})}
        files["config.yaml"] = "paths:\n  out: artifacts\n"
        files[os.path.join(os.path.dirname(place), "helpers.py")] = HELPERS
        if READMES[readme]:
            files["README.md"] = READMES[readme].format(script=place)
        prefix = "test." if metric == "JSON, nested" else ""
        found.append(
            Case(
                name=f"{parser} | {place} | {model} | {metric}" + (" | README" if readme else ""),
                files=files,
                script=place,
                model=f"artifacts/{model_file}",
                metrics=metric_file,
                named=frozenset({f"{prefix}rmse", f"{prefix}r2"}),
                grows=metric in EARLIER,
            )
        )
    return found


def judged(case: Case, folder: str) -> dict[str, str]:
    """What was found of each thing: `right`, `asked`, `said` (that it is not known), or `wrong`.

    `silent` is the one that must not be: it is not in the file, and no sentence says so.
    """
    from branchline.adapters.folder import FolderTree
    from branchline.flows.init import propose
    from branchline.wiring.readers import metric_readers

    for path, text in case.files.items():
        place = os.path.join(folder, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w", encoding="utf-8") as file:
            file.write(text)
    tracked = frozenset(case.files)
    proposal = propose(FolderTree(folder), tracked=tracked, readers=metric_readers())
    (model,) = proposal.settings.models
    (stage,) = model.stages
    said = " ".join(proposal.unknowns)
    asked = {question.key for question in proposal.questions}
    left = (*stage.metrics, stage.printed) if stage.printed else stage.metrics
    bars = {bar.name for bar in model.bars} if model.bars_are_sure else set()

    def found(*, is_right: bool, is_there: bool, words: tuple[str, ...]) -> str:
        if is_right:
            return "right"
        if is_there:
            return "wrong"
        return "said" if any(text in said for text in words) else "silent"

    command = stage.cmd.split()
    starts = case.script in command or case.script[:-3].replace("/", ".") in command
    return {
        "command": "asked" if asked else "right" if starts else "wrong",
        "data": found(
            is_right="data/table.csv" in stage.deps and "data/table.csv" not in stage.outs,
            is_there="data/table.csv" in stage.outs,
            words=("data/table.csv",),
        ),
        "model": found(
            is_right=case.model in stage.outs,
            is_there=bool(stage.outs),
            words=("was not seen to write a model",),
        ),
        "metrics file": found(
            is_right=bool(case.metrics)
            and left == (case.metrics,)
            and bool(stage.growing) is case.grows,
            is_there=bool(left),
            words=("was not seen to write metrics",),
        ),
        "gate": found(
            is_right=bars == case.named,
            is_there=bool(bars),
            words=("was not seen to write metrics", "is not said in the code"),
        ),
    }


def table() -> tuple[dict[str, Counter[str]], list[str], float]:
    """(thing -> outcome -> number), the cases that went wrong, and seconds for all."""
    counts: dict[str, Counter[str]] = {}
    failures = []
    began = time.perf_counter()
    for case in cases():
        with tempfile.TemporaryDirectory() as folder:
            for thing, outcome in judged(case, folder).items():
                counts.setdefault(thing, Counter())[outcome] += 1
                if outcome in ("wrong", "silent"):
                    failures.append(f"{thing} {outcome}: {case.name}")
    return counts, failures, time.perf_counter() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--failures", action="store_true", help="list what went wrong")
    options = parser.parse_args()
    counts, failures, seconds = table()
    total = sum(next(iter(counts.values())).values())
    print(f"{total} repositories, {1000 * seconds / total:.1f} ms each")
    print("| what | right | asked | said that it is not known | wrong | silent |")
    print("|---|---|---|---|---|---|")
    for thing, by in counts.items():
        cells = [str(by[k]) for k in ("right", "asked", "said", "wrong", "silent")]
        print(f"| {thing} | {' | '.join(cells)} |")
    if options.failures:
        print("\n".join(failures))


if __name__ == "__main__":
    main()
