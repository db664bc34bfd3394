from __future__ import annotations

import json

from branchline.core.effects.deployed import StepDone
from branchline.flows.deploy_site import Deployed, DeployState
from branchline.render.deployments import deployed_markdown, deployed_to_json

DONE = Deployed(
    environment="staging",
    state=DeployState.ROLLED_BACK,
    sentence="m@v1 did not hold in `a|b`: <b> @ada ![x](http://x)",
    version="v1",
    steps=(StepDone(step="smoke", command="x", exit_code=3, duration_s=1.25, detail="<i>"),),
)


def test_the_summary_holds_no_markup_of_others() -> None:
    text = deployed_markdown("m", [DONE])

    assert "<code>a&#124;b</code>" in text
    assert "<b>" not in text
    assert "<i>" not in text
    assert "@ada" not in text
    assert "![" not in text
    assert "smoke: " in text


def test_the_json_says_how_each_environment_ended() -> None:
    whole = json.loads(json.dumps(deployed_to_json("m", [DONE])))

    (said,) = whole["environments"]
    assert (said["environment"], said["state"]) == ("staging", "rolled_back")
    assert said["steps"][0]["exit_code"] == 3
