"""Data checked by hand and in the walk: bad data train nothing, good data cost nothing twice."""

from __future__ import annotations

import hashlib
import json
import random
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cli.conftest import Clone

    MakeClone = Callable[[Mapping[str, str]], Clone]

SETTINGS = """\
model: m
train: {run: sh train.sh, deps: [data/train.csv]}
data:
  validate: {path: data/train.csv, schema: data/schema.yaml}
gate: {metrics: {rows: {min: 1}}}
"""
SCHEMA = """\
columns:
  id: {type: integer, unique: true}
  age: {type: number, between: [0, 120], nulls: 0}
  site: {type: text, in: [a, b], new_values: warn}
"""
TRAIN = """\
echo ran >> .git/trained
mkdir -p model && wc -l < data/train.csv > model/m
echo "{\\"rows\\": $(wc -l < data/train.csv)}" > metrics.json
"""


def table(*, rows: int = 400, mean: float = 40.0, bad: Mapping[int, str] | None = None) -> str:
    """A table; `bad` puts whole lines in the place of rows."""
    generator = random.Random(rows)
    lines = [f"{i},{generator.gauss(mean, 8):.1f},{'ab'[i % 2]}" for i in range(rows)]
    for number, line in (bad or {}).items():
        lines[number] = line
    return "\n".join(["id,age,site", *lines]) + "\n"


BAD = {3: "3,-7,a", 4: "4,,b", 5: "6,50,b"}


def project(**more: str) -> dict[str, str]:
    files = {
        "branchline.yaml": SETTINGS,
        "train.sh": TRAIN,
        "data/schema.yaml": SCHEMA,
        "data/train.csv": table(),
    }
    return {**files, **more}


def page_of(clone: Clone) -> str:
    """The HTML report of the newest run."""
    clone.call("report", "--html", ".git/page.html")
    return (clone.root / ".git/page.html").read_text()


def trainings(clone: Clone) -> int:
    path = clone.root / ".git/trained"
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_bad_data_train_nothing_and_each_broken_rule_is_told(make_clone: MakeClone) -> None:
    clone = make_clone(project(**{"data/train.csv": table(bad=BAD)}))

    said = clone.call("run")

    assert (said.code, trainings(clone)) == (3, 0)
    for text in (
        "`id` repeats a value in 1 of 400 rows (0.25 %)",
        "`age` has no value in 1 of 400 rows (0.25 %); none may.",
        "`age` is out of bounds in 1 of 400 rows (0.25 %); between 0 and 120 is wanted.",
        "age  id\n        -7   3",
        "Nothing ran",
    ):
        assert text in said.out
    recorded = json.loads(clone.call("show", "--json").out)
    (report,) = recorded["evidence"]["data_checks"]
    assert [f["broken"] for f in report["findings"]] == [1, 1, 1]
    assert recorded["verdict"]["outcome"] == "failed"
    assert [s["action"] for s in recorded["plan"]["stages"]] == ["skip"]
    assert recorded["evidence"]["metrics"] == []


def test_reports_show_broken_rules_with_rows(make_clone: MakeClone) -> None:
    clone = make_clone(project(**{"data/train.csv": table(bad=BAD)}))
    clone.call("run")

    markdown, page = clone.call("report").out, page_of(clone)

    assert "### Data" in markdown
    assert "| `age` | `id` |" in markdown
    assert "Nothing was trained" in markdown.partition("###")[0]
    assert "2 more rules of the data do not hold." in markdown
    assert "is out of bounds in 1 of 400 rows" in page


def test_good_data_are_looked_at_once(make_clone: MakeClone) -> None:
    clone = make_clone(project())
    first = clone.call("run")
    clone.commit()
    kept = sorted(path.name for path in (clone.root / ".branchline/data").iterdir())

    again, quick = clone.call("run"), clone.call("run")

    assert (first.code, again.code, quick.code) == (0, 0, 0)
    assert quick.is_quick
    assert "`data/train.csv` fits `data/schema.yaml`" in again.out
    assert sorted(p.name for p in (clone.root / ".branchline/data").iterdir()) == kept


def test_what_was_found_travels_with_the_records(make_clone: MakeClone) -> None:
    clone = make_clone(project(**{"data/train.csv": table(bad=BAD)}))
    clone.call("run")
    for path in (clone.root / ".branchline/data").iterdir():
        path.write_bytes(b"{broken")

    said = clone.call("run")

    assert said.code == 3
    assert "Recorded before as" in said.out


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            {"data/schema.yaml": SCHEMA.replace("[0, 120]", "[0, 41]")}, id="a-stricter-schema"
        ),
        pytest.param({"data/train.csv": table(bad=BAD)}, id="other-data"),
    ],
)
def test_a_remembered_answer_is_asked_again(make_clone: MakeClone, change: dict[str, str]) -> None:
    clone = make_clone(project())
    clone.call("run")
    clone.commit()
    clone.call("run")
    clone.settle()

    for path, text in change.items():
        clone.write(path, text)
    said = clone.call("run")

    assert (said.is_quick, said.code, trainings(clone)) == (False, 3, 1)


def test_warnings_let_the_walk_go_on(make_clone: MakeClone) -> None:
    clone = make_clone(project(**{"data/train.csv": table(bad={7: "7,50,z"})}))

    said = clone.call("run")

    assert (said.code, trainings(clone)) == (0, 1)
    assert "warning `site` is none of the 2 listed values in 1 of 400 rows" in said.out
    assert "⚠️" in clone.call("report").out


def test_data_that_a_stage_makes_are_checked_before_what_follows(make_clone: MakeClone) -> None:
    clone = make_clone(
        {
            "branchline.yaml": SETTINGS.replace(
                "train: {run: sh train.sh, deps: [data/train.csv]}\n", ""
            ).replace("{path: data/train.csv", "{path: made.csv"),
            "dvc.yaml": "stages:\n"
            "  make: {cmd: cp raw.csv made.csv, deps: [raw.csv], outs: [made.csv]}\n"
            "  side: {cmd: cp raw.csv side.csv, deps: [raw.csv], outs: [side.csv]}\n"
            "  fit: {cmd: sh fit.sh, deps: [made.csv],"
            " metrics: [{metrics.json: {cache: false}}]}\n",
            "fit.sh": TRAIN.replace("data/train.csv", "made.csv"),
            "raw.csv": table(bad=BAD),
            "data/schema.yaml": SCHEMA,
        }
    )

    other = clone.call("run", "side")
    bad = clone.call("run")
    clone.write("raw.csv", table())
    good = clone.call("run")

    assert (other.code, bad.code, good.code, trainings(clone)) == (4, 3, 0, 1)
    assert "1 stage ran, then the data were bad" in bad.out


def test_new_data_are_compared_with_what_the_baseline_was_trained_on(
    make_clone: MakeClone,
) -> None:
    drift = SETTINGS.replace(
        "gate:", "  drift: {path: data/new.csv, exclude: [id], max_share_drifted: 0.4}\ngate:"
    )
    clone = make_clone(project(**{"branchline.yaml": drift, "data/new.csv": table(rows=500)}))
    first = clone.call("run")
    clone.commit()

    clone.write("data/new.csv", table(rows=600))
    same = clone.call("run")
    clone.write("data/new.csv", table(rows=700, mean=60))
    other = clone.call("run")

    assert "Not compared: there is no baseline yet" in first.out
    assert (first.code, same.code, other.code) == (0, 0, 3)
    assert "0 of 2 columns drifted, 600 rows" in same.out
    assert "1 of 2 columns drifted (50%): `age`; at most 40% may." in other.out
    assert "mean 60" in other.out


def test_the_number_of_rows_is_held_against_the_baseline(make_clone: MakeClone) -> None:
    schema = "rows: {change: 10%}\n" + SCHEMA
    clone = make_clone(project(**{"data/schema.yaml": schema}))
    clone.call("run")
    clone.commit()

    clone.write("data/train.csv", table(rows=300))
    said = clone.call("run")

    assert said.code == 3
    assert (
        "300 rows, -25.0% against the 400 of the baseline; at most 10 % may come or go" in said.out
    )


def test_a_leak_from_the_test_data_is_found(make_clone: MakeClone) -> None:
    schema = SCHEMA + "leakage: {no_overlap: {with: data/test.csv, key: id}}\n"
    test = "id,age,site\n" + "".join(f"{i},1,a\n" for i in range(395, 500))
    clone = make_clone(project(**{"data/schema.yaml": schema, "data/test.csv": test}))

    said = clone.call("run")

    assert said.code == 3
    assert "5 of 400 rows (1.2 %) stand in `data/test.csv`, too, by `id`." in said.out


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        pytest.param({"data/schema.yaml": "columns: {a: {nul: 0}}\n"}, 1, "did you mean", id="key"),
        pytest.param({"data/train.csv": ""}, 3, "holds no byte", id="an-empty-file"),
        pytest.param({"data/train.csv": "id,age,site\n"}, 3, "There are no rows.", id="no-rows"),
        pytest.param(
            {"data/train.csv": table().replace("age", "Age", 1)},
            3,
            "Column `age` is missing; `Age` is near.",
            id="a-renamed-column",
        ),
    ],
)
def test_what_cannot_be_checked_trains_nothing(
    make_clone: MakeClone, change: dict[str, str], code: int, said: str
) -> None:
    clone = make_clone(project(**change))

    done = clone.call("run")

    assert (done.code, trainings(clone)) == (code, 0)
    assert said in done.out + done.err
    assert "Traceback" not in done.err


def test_a_proposed_schema_fits_its_data_and_is_never_written_over(make_clone: MakeClone) -> None:
    clone = make_clone(project())
    (clone.root / "data/schema.yaml").unlink()

    made = clone.call("data", "init", "data/train.csv")
    text = (clone.root / "data/schema.yaml").read_text()
    again = clone.call("data", "init", "data/train.csv")
    checked = clone.call("data", "check", "--schema", "data/schema.yaml")

    assert (made.code, again.code, checked.code) == (0, 2, 0)
    assert "validate: {path: data/train.csv, schema: data/schema.yaml}" in made.out
    assert "id: {type: integer, nulls: 0, unique: true}" in text
    assert "site: {type: text, nulls: 0, in: [a, b]}" in text
    assert "is there already" in again.err
    assert (clone.root / "data/schema.yaml").read_text() == text


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(["check"], 3, "breaks 3 rules", id="all-of-branchline-yaml"),
        pytest.param(["check", "data/train.csv"], 3, "breaks 3 rules", id="one-path"),
        pytest.param(["check", "other.csv"], 2, "does not say how to check", id="not-said"),
        pytest.param(["profile", "data/train.csv"], 0, "age     number", id="profile"),
        pytest.param(["profile"], 2, "needs a file or folder", id="no-path"),
        pytest.param(["profile", "gone.csv"], 1, "there are no data at", id="not-there"),
        pytest.param(["check", "--out", "x"], 2, "--out is not for this verb", id="wrong-option"),
    ],
)
def test_by_hand(make_clone: MakeClone, words: list[str], code: int, said: str) -> None:
    clone = make_clone(project(**{"data/train.csv": table(bad=BAD)}))

    done = clone.call("data", *words)

    assert done.code == code
    assert said in done.out + done.err


def test_json_says_the_same(make_clone: MakeClone) -> None:
    clone = make_clone(project(**{"data/train.csv": table(bad=BAD)}))

    checked = json.loads(clone.call("data", "check", "--json").out)
    profile = json.loads(clone.call("data", "profile", "data/train.csv", "--json").out)

    assert (checked["outcome"], len(checked["checks"][0]["findings"])) == ("failed", 3)
    assert profile["rows"] == 400


def test_hostile_names_and_values_are_harmless_everywhere(make_clone: MakeClone) -> None:
    name, value = "a`|<img src=x>\u202e", "<script>alert(1)</script>|`@ada"
    lines = ["id," + name, *(f"{i},x" for i in range(300)), f'301,"{value}"']
    schema = "columns:\n  id: {unique: true}\n  " + json.dumps(name) + ": {in: [x]}\n"
    clone = make_clone(
        project(**{"data/train.csv": "\n".join(lines) + "\n", "data/schema.yaml": schema})
    )

    said = clone.call("run")
    markdown, page = clone.call("report").out, page_of(clone)

    assert said.code == 3
    assert "\u202e" not in said.out + markdown + page
    assert "<script>alert" not in markdown + page
    assert "<img src" not in markdown + page


def test_tracked_data_that_only_the_store_has_come_back_to_be_checked(
    make_clone: MakeClone,
) -> None:
    files = project()
    data = files.pop("data/train.csv")
    md5 = hashlib.md5(data.encode(), usedforsecurity=False).hexdigest()
    files[".dvc/config"] = ""
    files["data/train.csv.dvc"] = (
        f"outs:\n- md5: {md5}\n  size: {len(data)}\n  hash: md5\n  path: train.csv\n"
    )
    files[".gitignore"] = "/data/train.csv\n/.dvc/cache\n"
    clone = make_clone(files)

    absent = clone.call("run")
    clone.write(f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}", data)
    there = clone.call("run")

    assert absent.code == 1
    assert "data to check, `data/train.csv`, are not on this machine" in absent.err
    assert there.code == 0, there.err
    assert (clone.root / "data/train.csv").read_text() == data
    assert trainings(clone) == 1
