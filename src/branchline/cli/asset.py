"""`branchline asset publish FILE`: keep a file where comments can show it, in the same repository.

With CML's arguments; docs/how-to/from-cml.md says what differs.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from branchline.cli.arguments import add_json, add_verbs
from branchline.cli.cml_options import add_place, add_without_effect, check_place, refuse_link_out
from branchline.cli.pages import refuse_no_folder
from branchline.errors import EXIT_FINE, UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console

_COMMAND = "branchline asset"
_MOST_BYTES = 20 * 1024 * 1024


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verb and its options."""
    verbs = add_verbs(parser)
    summary = "keep a file on the branch branchline-assets, and print its address"
    made = verbs.add_parser(
        "publish", help=summary, description=summary[0].upper() + summary[1:] + "."
    )
    made.add_argument("asset", metavar="FILE", help="an image, or any file of at most 20 MB")
    made.add_argument("--md", action="store_true", help="print it as Markdown")
    made.add_argument("-t", "--title", default="", metavar="TEXT", help="of the Markdown")
    made.add_argument(
        "-f", "--file", default="", metavar="FILE", help="append to this file instead"
    )
    add_json(made)
    add_without_effect(
        made, "--native", "--gitlab-uploads", "--rm-watermark", "--mime-type=", "--url="
    )
    add_place(made)


def execute(options: argparse.Namespace, console: Console) -> int:
    """Keep the file and print where it is."""
    from branchline.render.forge_json import asset_to_json
    from branchline.wiring.forge_here import open_here

    command = f"{_COMMAND} publish"
    repository = check_place(command, options, console)
    refuse_link_out(command, options.asset)
    if options.file:
        refuse_no_folder(command, options.file)
    data = _content(command, options.asset)
    with open_here(repository=repository, remote=options.remote, box=options.box) as here:
        if here.assets is None:
            raise UsageError(
                f"{command}: a box keeps no files for comments",
                todo=f"`branchline report asset {options.asset}` prints a plot as Markdown.",
            )
        url = here.assets.put(os.path.basename(options.asset), data)
    text = _markdown(options, url) if options.md else url
    if options.json:
        console.json(asset_to_json(url=url, text=text))
    if options.file:
        _append(command, options.file, text)
    elif not options.json:
        console.write(text)
    return EXIT_FINE


def _append(command: str, path: str, text: str) -> None:
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as error:
        raise UsageError(
            f"{command}: {path} cannot be written: {error.strerror}; the asset is {text}",
            todo="Name a file in a folder that exists.",
        ) from None


def _markdown(options: argparse.Namespace, url: str) -> str:
    name = os.path.basename(options.asset)
    title = re.sub(r"[^\w .,:+-]", " ", options.title or ("" if _is_image(name) else name))
    if _is_image(name):
        shown = f' "{title}"' if title else ""
        return f"![]({url}{shown})"
    return f"[{title}]({url})"


def _is_image(name: str) -> bool:
    from branchline.render.report_images import IMAGES

    return name.lower().endswith(IMAGES)


def _content(command: str, path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{command}: {path} cannot be read: {error.strerror}", todo="Name a file."
        ) from None
    if len(data) > _MOST_BYTES:
        raise UsageError(f"{command}: {path} is larger than 20 MB", todo="Make it smaller.")
    return data
