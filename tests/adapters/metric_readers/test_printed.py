"""Metrics out of what programs print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.metric_readers.reading import places, read, values

from branchline.adapters.metric_readers.lines import lines_in

KERAS = """Epoch 1/2
750/750 ━━━━━━━━━━━━━━━━━━━━ 1s 1ms/step - accuracy: 0.9000 - loss: 0.3 - val_accuracy: 0.95
Epoch 2/2
\x1b[1m 10/750\x1b[0m ━━━━ 1s 1ms/step - accuracy: 0.5 - loss: 9\b\b\r\x1b[1m750/750\x1b[0m ━━━━ 1s\
 1ms/step - accuracy: 0.9200 - loss: 0.2 - val_accuracy: 0.96
"""
MNIST = """Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.3
Train Epoch: 1 [640/60000 (1%)]\tLoss: 1.3

Test set: Average loss: 0.05, Accuracy: 9800/10000 (98%)

Train Epoch: 2 [640/60000 (1%)]\tLoss: 0.3

Test set: Average loss: 0.04, Accuracy: 9900/10000 (99%)
"""
LIGHTNING = """
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃        Test metric        ┃       DataLoader 0        ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│         test_acc          │    0.9300000071525574     │
│         test_loss         │            0.2            │
└───────────────────────────┴───────────────────────────┘
"""
OLDER_LIGHTNING = """
────────────────────────────────────────────────────────
       Test metric             DataLoader 0
────────────────────────────────────────────────────────
        test_acc            0.9300000071525574
────────────────────────────────────────────────────────
"""
TRAINER = """{'loss': 0.9, 'grad_norm': 1.2, 'learning_rate': 2e-05, 'epoch': 1.0}
{'eval_loss': 0.3, 'eval_accuracy': 0.90, 'eval_runtime': 1.5, 'epoch': 1.0}
{'eval_loss': '0.2', 'eval_accuracy': np.float64(0.95), 'epoch': '2.0'}
{'train_runtime': 10.5, 'train_loss': 0.5, 'epoch': 2.0}
"""
XGBOOST = "[0]\ttrain-auc:0.80000\tvalid-auc:0.70000\n[99]\ttrain-auc:0.99000\tvalid-auc:0.88000\n"
LIGHTGBM = """[LightGBM] [Info] Number of positive: 200, number of negative: 300
Training until validation scores don't improve for 10 rounds
[90]\ttraining's auc: 0.95\tvalid_0's auc: 0.94
[100]\ttraining's auc: 0.97\tvalid_0's auc: 0.93
Early stopping, best iteration is:
[90]\ttraining's auc: 0.95\tvalid_0's auc: 0.94
"""
CATBOOST = """0:\tlearn: 0.6\ttest: 0.59\tbest: 0.59 (0)\ttotal: 12ms\tremaining: 1.2s
9:\tlearn: 0.3\ttest: 0.35\tbest: 0.33 (7)\ttotal: 99ms\tremaining: 0us
"""
TQDM = (
    "Epoch 9:  50%|██   | 5/10 [00:00<00:00, 12.5it/s, loss=0.7, val_acc=0.8]\r"
    "Epoch 9: 100%|█████| 10/10 [00:00<00:00, 12.5it/s, loss=0.5, val_acc=0.9]\n"
)
PANDAS = "   accuracy  loss\n0      0.90   0.2\n1      0.95   0.1\n"
TABULATE = """+----------+---------+
| metric   |   value |
+==========+=========+
| auc      |    0.93 |
+----------+---------+
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("accuracy: 0.93\n", {"accuracy": 0.93}, id="a-colon"),
        pytest.param("acc=0.9 loss = 2e-1", {"acc": 0.9, "loss": 0.2}, id="equals-and-no-line-end"),
        pytest.param("Test accuracy: 93.2%\n", {"Test_accuracy": 93.2}, id="a-percent-sign"),
        pytest.param("F1 (macro): 0.81\n", {"F1_macro": 0.81}, id="brackets-in-a-name"),
        pytest.param("acc: 0.93 (+/- 0.02)\n", {"acc": 0.93}, id="a-spread"),
        pytest.param("AP: 0.5 ± 0.1\n", {"AP": 0.5}, id="a-spread-with-its-sign"),
        pytest.param("auc: tensor(0.93, device='cuda:0')\n", {"auc": 0.93}, id="a-tensor"),
        pytest.param(
            "2024-01-01 10:00:00,123 INFO train: accuracy=0.93\n", {"accuracy": 0.93}, id="a-logger"
        ),
        pytest.param("INFO:root:val_auc: 0.9\n", {"val_auc": 0.9}, id="pythons-own-logger"),
        pytest.param("[train.py:12] rmse: 1.5\n", {"rmse": 1.5}, id="a-place-before-it"),
        pytest.param("see http://localhost:5000 at 12:30\n", {}, id="no-metric-in-an-address"),
        pytest.param("saved to /tmp/x: 3 files\n", {}, id="no-metric-in-a-path"),
        pytest.param(KERAS, {"accuracy": 0.92, "loss": 0.2, "val_accuracy": 0.96}, id="keras"),
        pytest.param(
            MNIST, {"Loss": 0.3, "Average_loss": 0.04, "Accuracy": None}, id="epochs-and-shares"
        ),
        pytest.param(LIGHTNING, {"test_acc": 0.9300000071525574, "test_loss": 0.2}, id="lightning"),
        pytest.param(OLDER_LIGHTNING, {"test_acc": 0.9300000071525574}, id="older-lightning"),
        pytest.param(
            TRAINER,
            {
                "loss": 0.9, "grad_norm": 1.2, "learning_rate": 2e-05, "eval_loss": 0.2,
                "eval_accuracy": 0.95, "eval_runtime": 1.5, "train_runtime": 10.5,
                "train_loss": 0.5,
            },
            id="hugging-face",
        ),
        pytest.param(XGBOOST, {"train-auc": 0.99, "valid-auc": 0.88}, id="xgboost"),
        pytest.param(
            LIGHTGBM,
            {
                "Number_of_positive": 200, "number_of_negative": 300,
                "training.auc": 0.95, "valid_0.auc": 0.94,
            },
            id="lightgbm-best",
        ),
        pytest.param(CATBOOST, {"learn": 0.3, "test": 0.35, "best": 0.33}, id="catboost"),
        pytest.param(TQDM, {"loss": 0.5, "val_acc": 0.9}, id="tqdm"),
        pytest.param(PANDAS, {"accuracy": 0.95, "loss": 0.1}, id="pandas"),
        pytest.param(TABULATE, {"auc": 0.93}, id="tabulate"),
        pytest.param('{"auc": 0.9, "val": {"f1": 1}}\n', {"auc": 0.9, "val.f1": 1}, id="json"),
        pytest.param("results: {'auc': 0.9}\n", {"auc": 0.9}, id="a-dictionary-after-words"),
        pytest.param("accuracy    0.95\ndtype: float64\n", {"accuracy": 0.95}, id="pandas-series"),
    ],
)  # fmt: skip
def test_values_of_a_log(text: str, expected: dict[str, float | None]) -> None:
    assert values(read("train.log", text)) == expected


def test_the_report_of_scikit_learn_as_it_prints_it() -> None:
    classification_report = pytest.importorskip("sklearn.metrics").classification_report
    truth, said = [0, 0, 1, 1, 1, 0, 1, 0], [0, 1, 1, 1, 0, 0, 1, 0]
    names = ["ill", "quite well"]
    text = f"start\n{classification_report(truth, said, target_names=names)}\ndone: 1\n"
    wanted = classification_report(truth, said, target_names=names, output_dict=True)

    found = values(read("train.log", text))

    assert found["accuracy"] == round(wanted["accuracy"], 2)
    for row in ("ill", "quite well", "macro avg", "weighted avg"):
        for column, value in wanted[row].items():
            assert found[f"{row.replace(' ', '_')}.{column}"] == round(value, 2)
    only = values(read("train.log", text, "classification_report"))
    assert "done" in found
    assert "done" not in only


def test_pandas_prints_a_table_of_models() -> None:
    import pandas as pd

    frame = pd.DataFrame({"auc": [0.9, 0.8], "f1": [0.7, 0.6]}, index=["forest", "linear"])

    found = values(read("train.log", f"{frame}\n"))

    assert found == {"forest.auc": 0.9, "forest.f1": 0.7, "linear.auc": 0.8, "linear.f1": 0.6}


def test_each_value_has_its_line_and_unit() -> None:
    reading = read("train.log", "start\nlatency: 12.5 ms\nthroughput_mb: 3\n")

    assert places(reading) == {"latency": "line 2", "throughput_mb": "line 3"}
    assert [metric.unit for metric in reading.metrics] == ["ms", "MB"]
    assert reading.metrics[0].where == "train.log:2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("auc: 0.9\nauc: 0.8\n", "0.9 (line 1) and 0.8 (line 2)", id="said-twice"),
        pytest.param(
            "Epoch 1/1\n9/9 ━━━ 1s - auc: 0.9\nauc: 0.8\n",
            "0.9 (line 2) and 0.8 (line 3)",
            id="after-training-another-one",
        ),
        pytest.param(
            "Epoch 1/1\n9/9 ━━━ 1s - auc: 0.9\n3/3 ━━━ 0s - auc: 0.8\n",
            "0.9 (line 2) and 0.8 (line 3)",
            id="two-bars-in-one-epoch",
        ),
        pytest.param("auc: 0.9\nauc: nan\n", "0.9 (line 1) and nan (line 2)", id="nan-is-another"),
        pytest.param(
            "fold 1 auc: 0.9\nfold 2 auc: 0.8\nfold 3 auc: 0.7\nfold 4 auc: 0.6\n",
            "0.9 (line 1), 0.8 (line 2), 0.7 (line 3) and 1 more",
            id="many",
        ),
    ],
)
def test_two_values_of_one_name_are_none_and_both_are_quoted(text: str, said: str) -> None:
    (metric,) = (m for m in read("train.log", text).metrics if m.name == "auc")

    assert metric.value is None
    assert metric.problem == f"has different values in `train.log`: {said}"


def test_the_same_value_twice_is_that_value() -> None:
    assert values(read("train.log", "auc: 0.9\nother: 1\nauc: 0.90\n")) == {"auc": 0.9, "other": 1}


@pytest.mark.parametrize("number", ["0,93", "9833/10000", "n/a"])
def test_what_is_no_number_is_kept_as_what_it_is(number: str) -> None:
    (metric,) = read("train.log", f"Accuracy: {number}\n").metrics

    assert (metric.value, metric.text, metric.place) == (None, number, "line 1")


def test_text_knows_names_with_a_space_alone() -> None:
    assert values(read("scores.txt", "auc 0.9\nloss\t0.2\nacc 91%\n")) == {
        "auc": 0.9, "loss": 0.2, "acc": 91,
    }  # fmt: skip


def test_a_text_without_a_number_is_a_sentence() -> None:
    assert read("scores.txt", "all fine\n").problem == (
        "scores.txt: the reader `text` finds no metric in it."
    )


def test_a_binary_file_is_no_text() -> None:
    assert "byte 6 is 0: it is no text" in read("a.log", b"auc: 0\0", "printed").problem


def test_more_names_than_anyone_prints_are_refused() -> None:
    text = "".join(f"user_{chr(97 + n % 26)}{n}: {n}\n" for n in range(3000))

    assert "more than 2,000 names" in read("a.log", text).problem


def test_of_a_log_that_is_too_large_the_beginning_and_the_end_are_read(tmp_path: object) -> None:
    from pathlib import Path

    from tests.adapters.metric_readers.reading import READERS

    log = Path(str(tmp_path)) / "train.log"
    with log.open("wb") as file:
        file.write(b"auc: 0.9\n")
        for _ in range(40):
            file.write(b"nothing to see on this line of a log at all\n" * 25_000)
        file.write(b"rmse: 1.5\n")

    source = READERS.at(str(tmp_path), "train.log")
    assert source is not None
    reading = READERS.read(source)

    assert values(reading) == {"auc": 0.9, "rmse": 1.5}
    assert places(reading) == {"auc": "line 1", "rmse": "line 1000002"}


def test_a_line_without_end_costs_no_memory() -> None:
    text = "auc: 0.9\n" + "x" * 5_000_000 + "=1\nrmse: 1\n"

    assert values(read("a.log", text)) == {"auc": 0.9, "rmse": 1}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("a " * 8000, id="words"),
        pytest.param("=" * 16_000, id="signs"),
        pytest.param("1" * 16_000, id="digits"),
        pytest.param("{" * 16_000 + "}", id="braces"),
        pytest.param("[1] " + "a's " * 4000, id="rounds"),
        pytest.param("|" * 16_000, id="bars"),
        pytest.param(": " * 8000 + "1", id="colons"),
        pytest.param("1/2 [" + " - a: 1" * 2000, id="pairs"),
        pytest.param("\x1b[" * 8000, id="escapes"),
        pytest.param("a\x08" * 8000, id="backspaces"),
        pytest.param("precision recall f1-score support\n" + "a  1 " * 3000, id="a-report"),
    ],
)
def test_no_line_takes_long(line: str) -> None:
    import time

    began = time.process_time()
    read("a.log", f"{line}\n" * 5)

    assert time.process_time() - began < 5


@given(st.text(max_size=300))
def test_any_text_is_metrics_or_a_sentence(text: str) -> None:
    for reader in ("printed", "text", "markdown", "csv", "json_lines"):
        reading = read("some.any", text, reader)
        assert bool(reading.metrics) is not bool(reading.problem)


NAMES = st.from_regex(r"[a-z][a-z_]{2,12}", fullmatch=True).filter(
    lambda name: (
        name not in ("epoch", "step", "iter", "iteration", "round", "batch", "global_step")
        and name not in ("info", "debug", "warn", "warning", "error", "critical", "root", "log")
        and name not in ("print", "notset", "nan", "inf", "infinity")
    )
)
VALUES = st.floats(allow_nan=False, allow_infinity=False).map(lambda value: round(value, 6))


@given(
    st.dictionaries(NAMES, VALUES, min_size=1, max_size=6),
    st.sampled_from([": ", "= ", "=", ":"]),
)
def test_what_is_printed_comes_back(metrics: dict[str, float], separator: str) -> None:
    text = "".join(f"{name}{separator}{value!r}\n" for name, value in metrics.items())

    assert values(read("a.log", text)) == metrics


def test_a_line_is_what_stands_on_it_in_the_end() -> None:
    lines = lines_in("one\rtwo\r\n\nthree\x1b[31m!\x1b[0m\rfour\r\nlast")

    assert [(line.number, line.text) for line in lines] == [(1, "two"), (3, "four"), (4, "last")]
