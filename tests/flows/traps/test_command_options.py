"""The options that we say DVC has are those of its own parser."""

from __future__ import annotations

import json
import subprocess

import pytest
from tests.e2e.conftest import peers_python

from branchline.flows.traps.command_options import DVC, DVC_EVERYWHERE

_ASK = """
import argparse, json, sys
from dvc.cli.parser import get_main_parser
def below(parser):
    return next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction)).choices
found = {}
for name in json.loads(sys.argv[1]):
    parser = get_main_parser()
    for word in name.split():
        parser = below(parser)[word]
    found[name] = [o for a in parser._actions for o in a.option_strings if o.startswith("--")]
print(json.dumps(found))
"""


@pytest.mark.peers
def test_the_options_are_those_of_dvc() -> None:
    python = peers_python()
    if python is None:
        pytest.skip("no peers' environment: make peers, or set BRANCHLINE_PEERS_PYTHON")

    done = subprocess.run(
        [python, "-c", _ASK, json.dumps(list(DVC))], capture_output=True, text=True, check=True
    )

    known = {name: set(options) for name, options in json.loads(done.stdout).items()}
    assert known == {name: set(text.split()) | DVC_EVERYWHERE for name, text in DVC.items()}
