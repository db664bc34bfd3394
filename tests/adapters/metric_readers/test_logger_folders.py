"""Metrics out of the folders and event files that loggers leave."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.metric_readers.reading import READERS, places, read, values

from branchline.adapters.metric_readers.event_files import is_event_file

if TYPE_CHECKING:
    from pathlib import Path

RUN, OTHER = "a" * 32, "b" * 32
EVENTS = "events.out.tfevents.1700000000.host.1.0"
TENSOR_TYPES = {"float": (1, "<f"), "double": (2, "<d")}


def crc(data: bytes) -> int:
    """The check of a record, bit by bit."""
    rest = 0xFFFFFFFF
    for byte in data:
        rest ^= byte
        for _ in range(8):
            rest = rest >> 1 ^ (0x82F63B78 if rest & 1 else 0)
    rest ^= 0xFFFFFFFF
    return ((rest >> 15 | rest << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def field(number: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def record(event: bytes) -> bytes:
    length = struct.pack("<Q", len(event))
    return (
        length + struct.pack("<I", crc(length)) + event + struct.pack("<I", crc(event))
    )  # fmt: skip


def event(step: int, tag: str, value: float, kind: str = "simple") -> bytes:
    """A record with one scalar, as PyTorch (`simple`) or TensorFlow (a tensor) write it."""
    if kind == "simple":
        number = varint(2 << 3 | 5) + struct.pack("<f", value)
    else:
        code, form = TENSOR_TYPES[kind]
        number = field(8, field(1, code) + field(4, struct.pack(form, value)))
    wall = varint(1 << 3 | 1) + struct.pack("<d", 1.7e9)
    summary = field(1, field(1, tag.encode()) + number)
    return record(wall + (field(2, step) if step else b"") + field(5, summary))


FIRST = record(varint(1 << 3 | 1) + struct.pack("<d", 1.7e9) + field(3, b"brain.Event:2"))


def test_a_file_of_tensorboard_begins_as_one_does() -> None:
    assert FIRST.startswith(b"\x18" + b"\0" * 7 + b'\xa3\x7fK"')
    assert is_event_file(b"\x18" + b"\0" * 7 + b'\xa3\x7fK"')
    assert not is_event_file(b"\x19" + b"\0" * 7 + b'\xa3\x7fK"')


@pytest.mark.parametrize("kind", ["simple", "float", "double"])
def test_the_highest_step_of_each_scalar_counts(kind: str) -> None:
    data = FIRST + event(0, "val/auc", 0.5, kind) + event(10, "val/auc", 0.75, kind)
    data += event(5, "loss", 0.25, kind) + event(10, "epoch", 3, kind)

    reading = read(EVENTS, data)

    assert values(reading) == {"val.auc": 0.75, "loss": 0.25}
    assert places(reading) == {"val.auc": "step 10", "loss": "step 5"}
    assert reading.reader == "tensorboard"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param((FIRST + event(1, "auc", 0.9))[:-7], "ends in the middle of the record",
                     id="cut-off"),
        pytest.param(FIRST + b"\0" * 40, f"byte {len(FIRST)} begins no record", id="zeros"),
        pytest.param(FIRST, "finds no metric", id="no-scalar"),
        pytest.param(FIRST + record(b"\x2a\xff"), "is no event", id="nonsense-inside"),
    ],
)  # fmt: skip
def test_a_damaged_event_file_is_a_sentence(data: bytes, said: str) -> None:
    reading = read(EVENTS, data)

    assert said in reading.problem
    assert reading.metrics == ()


@given(st.binary(max_size=200))
def test_any_record_is_scalars_or_a_sentence(data: bytes) -> None:
    reading = read(EVENTS, FIRST + record(data))

    assert bool(reading.metrics) is not bool(reading.problem)


@pytest.mark.parametrize(
    ("path", "members", "expected", "reader"),
    [
        pytest.param(
            "lightning_logs",
            {"version_0/metrics.csv": b"epoch,step,val_acc\n0,9,0.8\n1,19,0.9\n",
             "version_0/hparams.yaml": b"lr: 1\n"},
            {"val_acc": (0.9, "version_0/metrics.csv, line 3")},
            "lightning",
            id="lightnings-csv-logger",
        ),
        pytest.param(
            "logs",
            {"version_0/metrics.csv": b"val_acc\n0.8\n",
             "version_1/metrics.csv": b"val_acc\n0.9\n"},
            {"version_0.val_acc": (0.8, "version_0/metrics.csv, line 2"),
             "version_1.val_acc": (0.9, "version_1/metrics.csv, line 2")},
            "lightning",
            id="two-runs-by-their-folders",
        ),
        pytest.param(
            "dvclive",
            {"metrics.json": b'{"val": {"acc": 0.9}, "step": 2}',
             "plots/metrics/val/acc.tsv": b"step\tval/acc\n2\t0.9\n"},
            {"val.acc": (0.9, "metrics.json, line 1")},
            "dvclive",
            id="dvclive",
        ),
        pytest.param(
            "live",
            {"plots/metrics/val/acc.tsv": b"step\tval/acc\n0\t0.8\n1\t0.9\n"},
            {"val.acc": (0.9, "plots/metrics/val/acc.tsv, line 3")},
            "dvclive",
            id="dvclive-without-a-summary",
        ),
        pytest.param(
            "mlruns",
            {f"0/{RUN}/metrics/auc": b"1700 0.8 0\n1701 0.9 1\n", f"0/{RUN}/meta.yaml": b"a: 1"},
            {"auc": (0.9, f"0/{RUN}/metrics/auc, line 2")},
            "mlflow",
            id="mlflow",
        ),
        pytest.param(
            "mlruns",
            {f"0/{RUN}/metrics/auc": b"1700 0.8 0\n", f"0/{OTHER}/metrics/auc": b"1700 0.9 0\n"},
            {"aaaaaaaa.auc": (0.8, f"0/{RUN}/metrics/auc, line 1"),
             "bbbbbbbb.auc": (0.9, f"0/{OTHER}/metrics/auc, line 1")},
            "mlflow",
            id="two-runs-of-mlflow",
        ),
        pytest.param(
            "runs",
            {f"train/{EVENTS}": FIRST + event(1, "loss", 0.5),
             f"validation/{EVENTS}": FIRST + event(1, "loss", 0.75)},
            {"train.loss": (0.5, f"train/{EVENTS}, step 1"),
             "validation.loss": (0.75, f"validation/{EVENTS}, step 1")},
            "tensorboard",
            id="tensorboard-with-two-writers",
        ),
    ],
)  # fmt: skip
def test_values_of_a_folder(
    path: str,
    members: dict[str, bytes],
    expected: dict[str, tuple[float, str]],
    reader: str,
) -> None:
    reading = read(path, b"", members=members)

    assert {m.name: (m.value, m.place) for m in reading.metrics} == expected
    assert reading.reader == reader


def test_a_folder_on_disk_reads_as_one_in_memory(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "one"
    folder.mkdir(parents=True)
    (folder / EVENTS).write_bytes(FIRST + event(1, "auc", 0.5))
    source = READERS.at(str(tmp_path), "runs")

    assert source is not None
    reading = READERS.read(source)

    assert values(reading) == {"auc": 0.5}
    assert places(reading) == {"auc": f"one/{EVENTS}, step 1"}


@pytest.mark.parametrize(
    ("members", "said"),
    [
        pytest.param({"notes.bin": b"x"}, "no reader knows this folder", id="an-unknown-folder"),
        pytest.param({f"0/{RUN}/metrics/auc": b"nonsense\n"}, "metrics/auc:1: it is no row",
                     id="a-torn-metric"),
        pytest.param({f"0/{RUN}/metrics/auc": b""}, "it is empty", id="an-empty-metric"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_sentence(members: dict[str, bytes], said: str) -> None:
    assert said in read("some", b"", members=members).problem
