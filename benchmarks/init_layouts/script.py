"""Scripts: option parsers, places, ways to store the model, metrics, with and without a README.

Beside each stand scripts that do not train, and data that a module reads beside one that writes.
"""

from __future__ import annotations

import itertools
import os
import random

from init_layouts.cases import SEED, Case, Truth

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


def cases(most: int) -> list[Case]:
    """So many of the combinations, drawn with a fixed seed; all where there are fewer."""
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
        axes = {
            "parser": parser,
            "place": place,
            "model": model,
            "metrics": metric,
            "README": "a README" if readme else "no README",
        }
        found.append(
            Case(
                layout="Script",
                axes=axes,
                files=files,
                truths=(_truth(parser, place, model_file, metric, metric_file),),
            )
        )
    random.Random(f"{SEED}:Script").shuffle(found)
    return found[:most]


def _truth(parser: str, place: str, model_file: str, metric: str, metric_file: str) -> Truth:
    prefix = "test." if metric == "JSON, nested" else ""
    return Truth(
        commands=(f"python {place}",),
        model=f"artifacts/{model_file}",
        metrics="printed" if metric == "printed" else metric_file,
        gate={f"{prefix}rmse": "minimize", f"{prefix}r2": "maximize"} if metric_file else {},
        params=("config.yaml",) if parser == "a settings file" else (),
        data=("data/table.csv",),
        asked=parser == "argparse, an option that must be given",
        grows=metric in EARLIER,
    )
