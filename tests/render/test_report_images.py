"""Images of a report: what is one, and what only looks like one."""

from __future__ import annotations

import pytest

from branchline.render.report_images import local_images, with_images


@pytest.mark.parametrize(
    ("markdown", "found"),
    [
        pytest.param("![](a.png)", ("a.png",), id="markdown"),
        pytest.param('![a](./b/c.svg "title")', ("./b/c.svg",), id="with-a-title"),
        pytest.param('<img alt="x" src="a.PNG" width=3>', ("a.PNG",), id="html"),
        pytest.param("![](a.png) ![](a.png)", ("a.png",), id="twice"),
        pytest.param("[x](./secret.png)", (), id="a-link-is-no-image"),
        pytest.param("![](./secret)", (), id="a-file-of-another-kind"),
        pytest.param("![](/etc/a.png)", (), id="from-the-root"),
        pytest.param("![](https://x.org/a.png)", (), id="elsewhere"),
        pytest.param("![](data:image/png;base64,AA.png)", (), id="in-the-text"),
        pytest.param("```\n![](a.png)\n```\n![](b.png)", ("b.png",), id="code-is-text"),
        pytest.param("~~~~\n```\n![](a.png)\n~~~~", (), id="a-fence-in-a-fence"),
        pytest.param("", (), id="empty"),
    ],
)
def test_images_are_found(markdown: str, found: tuple[str, ...]) -> None:
    assert local_images(markdown) == found


def test_other_texts_stay_as_they_are() -> None:
    text = "# a.png\n![x](a.png) a.png `a.png`\n```\n![](a.png)\n```\n"

    assert with_images(text, {"a.png": "URL"}) == text.replace("![x](a.png)", "![x](URL)")
    assert with_images(text, {}) == text
