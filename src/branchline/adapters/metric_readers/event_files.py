"""Adapter `metric_readers`: event files of TensorBoard, their scalars only.

A file is records of `length, check of the length, bytes, check of the bytes`; the bytes are a
message in protocol buffers' wire format, of which a handful of fields are read. The checks of
lengths are verified, since a wrong length would lead anywhere.

Source: tensorflow/core/util/event.proto and summary.proto, tensorflow/core/lib/io/record_writer.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from branchline.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from branchline.ports.metric_readers import MetricSource

_MOST_RECORD = 64 << 20
_MOST_FILE = 512 << 20
_HEADER = 12
_FOOTER = 4
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_FORMATS = {1: "<f", 2: "<d", 3: "<i", 9: "<q"}
"""TensorFlow's types of one number."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One number at one step."""

    tag: str
    step: int
    value: float


def scalars_of(source: MetricSource) -> Iterator[Scalar]:
    """The scalars of an event file, in its order.

    Raises:
        DocumentError: It is none, too large, or ends in the middle of a record.
    """
    if source.size_bytes > _MOST_FILE:
        raise DocumentError(
            f"{source.path}: it has {source.size_bytes:,} bytes; of an event file at most"
            f" {_MOST_FILE:,} are read"
        )
    for place, record in _records(source):
        try:
            yield from _scalars(record)
        except (IndexError, struct.error, ValueError, OverflowError) as error:
            raise DocumentError(
                f"{source.path}: the record at byte {place:,} is no event"
            ) from error


def is_event_file(head: bytes) -> bool:
    """Whether a file begins as an event file does."""
    if len(head) < _HEADER:
        return False
    length, check = struct.unpack("<QI", head[:_HEADER])
    return bool(0 < length <= _MOST_RECORD and _masked_crc(head[:8]) == check)


def _records(source: MetricSource) -> Iterator[tuple[int, bytes]]:
    """(place, bytes) of each record."""
    buffer, place = bytearray(), 0
    wanted = _HEADER
    for chunk in source.chunks():
        buffer += chunk
        used = 0
        while len(buffer) - used >= wanted:
            if wanted == _HEADER:
                length, check = struct.unpack_from("<QI", buffer, used)
                if _masked_crc(bytes(buffer[used : used + 8])) != check or length > _MOST_RECORD:
                    raise DocumentError(
                        f"{source.path}: byte {place + used:,} begins no record: it is no event"
                        " file, or damaged"
                    )
                wanted = _HEADER + length + _FOOTER
                continue
            yield place + used, bytes(buffer[used + _HEADER : used + wanted - _FOOTER])
            used += wanted
            wanted = _HEADER
        del buffer[:used]
        place += used
    if buffer:
        raise DocumentError(
            f"{source.path}: it ends in the middle of the record at byte {place:,}: what wrote it"
            " was cut off"
        )


def _scalars(event: bytes) -> Iterator[Scalar]:
    step = 0
    summaries: list[bytes] = []
    for field, value in _fields(event):
        if field == 2 and isinstance(value, int):
            step = value if value < 1 << 63 else value - (1 << 64)
        elif field == 5 and isinstance(value, bytes):
            summaries.append(value)
    for summary in summaries:
        for field, value in _fields(summary):
            if field == 1 and isinstance(value, bytes):
                yield from _value(value, step)


def _value(message: bytes, step: int) -> Iterator[Scalar]:
    tag, number = "", None
    for field, value in _fields(message):
        if field == 1 and isinstance(value, bytes):
            tag = value.decode("utf-8", "replace")
        elif field == 2 and isinstance(value, bytes) and len(value) == 4:
            number = float(struct.unpack("<f", value)[0])
        elif field == 8 and isinstance(value, bytes):
            number = _tensor(value)
    if tag and number is not None:
        yield Scalar(tag, step, number)


def _tensor(message: bytes) -> float | None:
    """A tensor of one number; None for any other."""
    kind, numbers, packed = 0, list[float](), b""
    for field, value in _fields(message):
        if field == 1 and isinstance(value, int):
            kind = value
        elif field == 4 and isinstance(value, bytes):
            packed = value
        elif field in (5, 6) and isinstance(value, bytes):
            form = "<f" if field == 5 else "<d"
            if len(value) == struct.calcsize(form):
                numbers.append(float(struct.unpack(form, value)[0]))
    form = _FORMATS.get(kind, "")
    if form and len(packed) == struct.calcsize(form):
        numbers.append(float(struct.unpack(form, packed)[0]))
    return numbers[0] if len(numbers) == 1 else None


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of each field of a message; groups and unknown kinds are refused.

    Raises:
        ValueError: It is no message.
        IndexError: It ends too early.
    """
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == _VARINT:
            number, place = _varint(message, place)
            yield key >> 3, number
            continue
        size = {_EIGHT: 8, _FOUR: 4}.get(kind)
        if kind == _BYTES:
            size, place = _varint(message, place)
        if size is None or place + size > len(message):
            raise ValueError("it is no message")
        yield key >> 3, message[place : place + size]
        place += size


def _varint(message: bytes, place: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        byte = message[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place
    raise ValueError("a number without an end")


@cache
def _table() -> Sequence[int]:
    """CRC-32C (Castagnoli), reflected."""
    table = []
    for index in range(256):
        rest = index
        for _ in range(8):
            rest = (rest >> 1) ^ (0x82F63B78 if rest & 1 else 0)
        table.append(rest)
    return tuple(table)


def _masked_crc(data: bytes) -> int:
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
