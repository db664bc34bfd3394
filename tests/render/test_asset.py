from __future__ import annotations

import doctest

import pytest

from branchline.render import asset
from branchline.render.asset import asset_markdown, image_url
from branchline.render.drawing import Drawing
from branchline.render.plots import Curve


def test_examples_hold() -> None:
    assert doctest.testmod(asset).failed == 0


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("ssh://git@git.example.org/a/b.git", "https://git.example.org/a/b/raw/c/p.png"),
        ("https://u:secret@x.example/a/b.git/", ""),
        ("http://x.example:3000/a/b", "https://x.example:3000/a/b/raw/c/p.png"),
        ("/srv/box.git", ""),
        ("file:///srv/box.git", ""),
        ("git@evil.example:a/b)![x](y", ""),
    ],
)
def test_only_a_forge_has_an_address(remote: str, url: str) -> None:
    assert image_url(remote, "c", "p.png") in (url, "https://x.example/a/b/raw/c/p.png")
    assert "secret" not in image_url(remote, "c", "p.png")


def test_an_image_is_named_by_its_address() -> None:
    drawing = Drawing(path="p.png", title="a](b) <i>", image=("image/png", b""))

    assert asset_markdown(drawing, url="https://x/y") == "![a  b   i ](https://x/y)\n"


def test_data_are_a_chart() -> None:
    curve = Curve(name="loss", points=((0.0, 1.0), (1.0, 0.5)))

    text = asset_markdown(Drawing(path="a.csv", title="Loss", x_label="step", curves=(curve,)))

    assert text.startswith("**`Loss`**\n\n```mermaid\n")
    assert "| `loss` | █▁ |" in text
