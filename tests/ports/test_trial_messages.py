"""What a search and its processes say to each other comes back as it was."""

from __future__ import annotations

import json
import math

from branchline.core.run.pruning import TrialSteps
from branchline.ports.trial_messages import ask_from_json, ask_to_json
from branchline.ports.trials import TrialAsk


def test_an_ask_with_what_others_reported() -> None:
    ask = TrialAsk(
        number=3,
        title="trial 3 of 9",
        label="tune-trial-3",
        point={"lr": 0.1, "kind": None},
        seeds=(None, 7),
        best=(0.5,),
        may_stop=True,
        others=(
            TrialSteps(number=1, steps=((0, 0.5), (2, math.inf)), is_finished=True),
            TrialSteps(number=2, steps=((0, math.nan),)),
        ),
    )

    text = json.dumps(ask_to_json(ask), allow_nan=False)

    assert repr(ask_from_json(json.loads(text))) == repr(ask)
