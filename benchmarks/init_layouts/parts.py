"""Pieces of the generated scripts: data, a model in pure Python, ways to leave metrics.

What is put together runs: `data/table.csv` is read, a slope is fitted, and its errors are measured.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE = "x,y\n1,2.1\n2,3.9\n3,6.2\n4,7.8\n"
LEARNER = '''
class Line:
    """A slope through the origin."""

    def fit(self, rows):
        self.slope = sum(x * y for x, y in rows) / sum(x * x for x, _ in rows)
        return self

    def predict(self, x):
        return self.slope * x


def rows_of(path):
    with open(path) as file:
        return [tuple(map(float, line.split(","))) for line in list(file)[1:]]


def measure(model, rows):
    errors = [(y - model.predict(x)) ** 2 for x, y in rows]
    mean = sum(y for _, y in rows) / len(rows)
    spread = sum((y - mean) ** 2 for _, y in rows)
    return (sum(errors) / len(rows)) ** 0.5, 1 - sum(errors) / spread
'''
BOTH: dict[str, str] = {"rmse": "minimize", "r2": "maximize"}
_DICT = '{"rmse": rmse, "r2": r2}'


@dataclass(frozen=True, kw_only=True)
class Form:
    """One way to leave metrics.

    Attributes:
        imports: Lines at the top.
        code: With `{path}` where the expression for the file's path belongs.
        file: The file's name; "printed" where they are printed, "" where only the run knows.
        gate: What can be judged.
        ends: What a run exits with: 4 where its metrics cannot be read.
        tolerated: Where a point is not 0.01.
    """

    imports: str = ""
    code: str
    file: str
    gate: Mapping[str, str] = field(default_factory=lambda: BOTH)
    ends: int = 0
    tolerated: Mapping[str, float] = field(default_factory=dict)

    def at(self, path: str) -> str:
        """The code with the path's expression."""
        return self.code.replace("{path}", path)


FORMS = {
    "JSON": Form(
        imports="import json\n",
        code=f'with open({{path}}, "w") as f:\n    json.dump({_DICT}, f)\n',
        file="metrics.json",
    ),
    "JSON, nested": Form(
        imports="import json\n",
        code=f'scores = {{"test": {_DICT}}}\njson.dump(scores, open({{path}}, "w"))\n',
        file="scores.json",
        gate={"test.rmse": "minimize", "test.r2": "maximize"},
    ),
    "YAML": Form(
        imports="import yaml\n",
        code=f'with open({{path}}, "w") as f:\n    yaml.safe_dump({_DICT}, f)\n',
        file="metrics.yaml",
    ),
    "CSV": Form(
        imports="import csv\n",
        code='with open({path}, "w", newline="") as f:\n'
        '    table = csv.DictWriter(f, fieldnames=["rmse", "r2"])\n'
        '    table.writeheader()\n    table.writerow({"rmse": rmse, "r2": r2})\n',
        file="scores.csv",
    ),
    "text": Form(
        code='with open({path}, "w") as f:\n'
        '    f.write(f"rmse: {rmse:.3f}\\n")\n    f.write(f"r2: {r2:.3f}\\n")\n',
        file="metrics.txt",
    ),
    "Markdown": Form(
        code='with open({path}, "w") as f:\n'
        '    f.write("| metric | value |\\n|---|---|\\n")\n'
        '    f.write(f"| rmse | {rmse:.4f} |\\n")\n    f.write(f"| r2 | {r2:.4f} |\\n")\n',
        file="report.md",
    ),
    "printed": Form(code='print(f"rmse: {rmse:.3f}")\nprint("r2:", r2)\n', file="printed"),
    "printed in percent": Form(
        code='print(f"Accuracy: {100 * r2:.2f}%")\n',
        file="printed",
        gate={"Accuracy": "maximize"},
        tolerated={"Accuracy": 1.0},
    ),
    "logged": Form(
        imports="import logging\n",
        code="logging.basicConfig(level=logging.INFO)\n"
        'logging.info("rmse: %.3f", rmse)\nlogging.info("r2: %.3f", r2)\n',
        file="printed",
    ),
    "in a form that nobody reads": Form(
        imports="import pickle\n",
        code=f'with open({{path}}, "wb") as f:\n    pickle.dump({_DICT}, f)\n',
        file="",
        gate={},
        ends=4,
    ),
    "a name made when it runs": Form(
        imports="import json, time\n",
        code=f'with open({{path}} + f".{{time.time()}}", "w") as f:\n    json.dump({_DICT}, f)\n',
        file="",
        gate={},
        ends=4,
    ),
}


def indented(text: str, steps: int = 1) -> str:
    """The same, further to the right."""
    return textwrap.indent(text, "    " * steps)


def name_of(form: Form) -> str:
    """What the file is called that a form writes, where it writes one."""
    return form.file if form.file not in ("", "printed") else "results.bin"
