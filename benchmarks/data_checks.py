"""Ten checks of a parquet file of a million rows and twenty columns, all failures told.

Processor seconds of whole processes: `branchline data check` with the same checks as a pandera
schema in the environment of `make data`, and as the floor one query of DuckDB that counts the same.
The goal, 1.5 s on two cores, is held against processor seconds, which a busy machine moves less.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from measure import HOUSE, OURS, Command, Row, compare, environment

if TYPE_CHECKING:
    from pathlib import Path

GOAL_S = 1.5
MAKE = """\
import duckdb
floats = ", ".join(f"random() * {k + 1} AS f{k}" for k in range(13))
duckdb.connect().execute(f'''COPY (
  SELECT setseed(0.5) IS NULL AS flag, i AS id, {floats}, (random() * 99)::INTEGER AS n0,
    CASE WHEN random() < 0.01 THEN NULL ELSE 'abcde'[1 + (random() * 4)::INTEGER] END AS cat,
    'u' || i || '@example.org' AS mail, TIMESTAMP '2026-01-01' + to_seconds(i) AS ts,
    'x' || (i % 1000) AS code FROM range(1000000) t(i)) TO 'd.parquet' ''')
"""
SCHEMA = """\
extra_columns: allow
rows: {min: 1000}
columns:
  id: {unique: true}
  f3: {nulls: 0}
  n0: {type: integer, between: [0, 90]}
  cat: {in: [a, b, c, d], nulls: 2%}
  mail: {matches: '^[^@]+@[^@]+$', nulls: 0}
rules: [{sql: 'n0 <= f12 * 100', tolerance: 60%}]
"""
PANDERA = """\
import pandera.pandas as pa, pandas as pd
S = pa.DataFrameSchema({
    "id": pa.Column(int, unique=True), "f3": pa.Column(float, nullable=False),
    "n0": pa.Column("int32", pa.Check.in_range(0, 90)),
    "cat": pa.Column(str, [pa.Check.isin(list("abcd")), pa.Check(lambda s: s.isna().mean() < .02)],
                     nullable=True),
    "mail": pa.Column(str, pa.Check.str_matches(r"^[^@]+@[^@]+$")),
}, checks=[pa.Check(lambda d: len(d) >= 1000),
           pa.Check(lambda d: (d.n0 <= d.f12 * 100).mean() > .4)])
try: S.validate(pd.read_parquet("d.parquet"), lazy=True)
except pa.errors.SchemaErrors as error: print(len(error.failure_cases))
"""
FLOOR = """\
import duckdb
print(duckdb.connect().execute('''SELECT count(*), count(id) - count(DISTINCT id),
  count(*) FILTER (f3 IS NULL), count(*) FILTER (n0 < 0 OR n0 > 90),
  count(*) FILTER (cat NOT IN ('a', 'b', 'c', 'd')), count(*) FILTER (cat IS NULL),
  count(*) FILTER (NOT regexp_matches(mail, '^[^@]+@[^@]+$')), count(*) FILTER (mail IS NULL),
  count(*) FILTER ((n0 <= f12 * 100) IS NOT TRUE) FROM 'd.parquet' ''').fetchall())
"""


def rows(scratch: Path) -> list[Row]:
    """Ours beside pandera and beside the floor; the goal is held against the wall time."""
    root = scratch / "data"
    root.mkdir()
    subprocess.run(["git", "init", "-q", root], check=True)
    (root / "schema.yaml").write_text(SCHEMA)
    (root / "own.py").write_text(PANDERA)
    subprocess.run([sys.executable, "-c", MAKE], cwd=root, check=True, env=environment())
    words = ("data", "check", "d.parquet", "--schema", "schema.yaml")
    ours = Command((*OURS, *words), root, codes=(3,))
    python = data_python()
    peer = Command((python, "own.py"), root) if python else None
    note = "" if peer else "no environment with pandera: make data"
    floor = Command((sys.executable, "-c", FLOOR), root)
    work = "10 checks, 1M x 20 parquet"
    beside = compare(work, ("branchline data check", ours), ("one query of DuckDB", floor))
    ours_s = beside.ours_s
    return [
        compare(work, ("branchline data check", ours), ("pandera", peer), note=note),
        beside,
        replace(
            beside,
            work=f"{work}: against the goal",
            peer=f"the goal, {GOAL_S} s",
            peer_s=GOAL_S,
            ratio=None if ours_s is None else ours_s / GOAL_S,
            goal=1.0,
        ),
    ]


def data_python() -> str | None:
    """Python of the environment with pandera; None when there is none."""
    own = str(HOUSE / ".venv-data/bin/python")
    candidates = (os.environ.get("BRANCHLINE_DATA_PYTHON"), own)
    return next((path for path in candidates if path and os.path.exists(path)), None)
