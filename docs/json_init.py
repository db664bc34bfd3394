"""The JSON of `branchline init`: what its fields mean, and a sample with every one of them."""

from __future__ import annotations

from branchline.core.policy import Goal, MetricRule
from branchline.flows.init import About, Certainty, Guess, Proposal, Question
from branchline.generate.settings_file import FirstModel, FirstSettings, FirstStage

PROPOSAL = {
    "file": "string: what is written, from the root",
    "text": "string: the file",
    "is_written": "boolean: false with `--diff`",
    "models": "list: what the file says of each model",
    "models[].name": "string: the model's name",
    "models[].pipeline": "string or null: its dvc.yaml; null where its stages stand in the file",
    "models[].commands": "list of strings: of its stages in the file",
    "models[].metrics": "list of strings: what the gate judges",
    "guesses": "list: what was found",
    "guesses[].about": "string: `layout`, `command`, `parameters`, `data`, `evaluation`, `model`, "
    "`output`, `metrics`, `predictions`, `plots`, `checks` or `environment`",
    "guesses[].sentence": "string: what is believed",
    "guesses[].certainty": "string: `observed`, `declared`, `read in code` or `by its name`",
    "guesses[].where": "string or null: `file:line` of the evidence",
    "guesses[].quote": "string or null: the text that stands there, at most 100 characters",
    "questions": "list: where a wrong guess would cost, and nothing decides",
    "questions[].key": "string: names the question",
    "questions[].text": "string: what is asked at a terminal",
    "questions[].answers": "list of strings: the choices; empty for a free text",
    "questions[].safe": "string: what was taken, as nobody was asked",
    "unknowns": "list of strings: what could not be told, a sentence each, with what to do",
}

SAMPLE = Proposal(
    settings=FirstSettings(
        models=(
            FirstModel(
                name="m",
                pipeline="dvc.yaml",
                stages=(FirstStage(name="train", cmd="c"),),
                bars=(MetricRule(name="auc", goal=Goal.MAXIMIZE),),
            ),
        )
    ),
    text="t",
    guesses=(
        Guess(about=About.LAYOUT, sentence="s", certainty=Certainty.READ, where="f:1", quote="q"),
    ),
    questions=(Question(key="k", text="t", answers=("a",), safe="a", told="t"),),
    unknowns=("u",),
)
