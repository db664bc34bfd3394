"""Versions found by uv, and remembered in a folder. Serves port `environments`."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from branchline.adapters.environments.processes import run_installer, tail_of
from branchline.adapters.environments.uv import PLACES, Scrub, environ_for, failed, missing_uv
from branchline.core.environment.metadata import is_known, told_instead
from branchline.core.environment.pins import has_credentials, normal, packages_of
from branchline.core.environment.plain import of_lines, skipped_in
from branchline.core.environment.values import Package, Resolved
from branchline.core.values import digest_of
from branchline.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.environment.plain import Plain
    from branchline.core.environment.values import Asked

_FORMAT = 1


class UvResolver:
    """Finds versions with uv.

    Args:
        folder: Absolute folder in which answers are kept.
        uv: Absolute path; "" where there is none.
        environ: What uv gets.
    """

    def __init__(self, folder: str, *, uv: str, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._uv = uv
        self._environ = environ

    def known(self, asked: Asked) -> Resolved | None:
        """What was found before; None when nothing was."""
        try:
            with open(self._place(asked), encoding="utf-8") as file:
                return _from_json(json.load(file))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def resolve(
        self, asked: Asked, *, is_stopped: Callable[[], bool], say: Callable[[str], None]
    ) -> Resolved | None:
        """See the port."""
        known = self.known(asked)
        if known is not None:
            return known
        if not self._uv:
            raise missing_uv()
        say(f"finding the packages of {asked.file or 'the project'}{_as_of(asked)}")
        os.makedirs(self._folder, exist_ok=True)
        work = tempfile.mkdtemp(dir=self._folder, prefix="finding-")
        try:
            text = self._compile(asked, work, is_stopped)
            if text is None:
                return None
            found = _resolved(asked, text)
            self._keep(asked, found, work)
            return found
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def look(self, asked: Asked, plain: Plain) -> Resolved | str:
        """See the port."""
        known = self.known(asked)
        if known is not None:
            return known
        if not self._uv:
            raise missing_uv()
        places = (asked.index.default, *asked.index.more, *asked.index.links)
        if any("$" in place for place in places):
            # A stranger's commit could have the value of any variable sent to an address of his.
            return "the address of a package index names a variable, which a plan gives to nobody"
        lines = (*asked.wishes, *asked.constraints, *asked.overrides)
        doubt = plain.doubt or of_lines(asked.file or "the project", lines)
        if doubt:
            return doubt
        os.makedirs(self._folder, exist_ok=True)
        work = tempfile.mkdtemp(dir=self._folder, prefix="looking-")
        try:
            return self._look(asked, plain, work)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _look(self, asked: Asked, plain: Plain, work: str) -> Resolved | str:
        found = replace(
            asked,
            sources=(),
            wishes=(*plain.wishes, *asked.wishes),
            constraints=(*plain.constraints, *asked.constraints),
        )
        # Away from the tree, whose settings could allow what is forbidden here; and by
        # `--no-build`, since settings take back `--only-binary :all:` of a command line.
        words = [*self._words(found, work), "--no-build", "--no-sources", "--verbose"]
        words.remove("--quiet")
        environ = environ_for(self._environ, asked.index, asked.root)
        environ.pop("RUST_LOG", None)
        scrub = Scrub(environ, asked.index)
        log, out = os.path.join(work, "log"), os.path.join(work, "out")

        def run(*more: str) -> tuple[int | None, str]:
            code = run_installer(
                [*words, *more],
                folder=work,
                environ=environ,
                log=log,
                out=out,
                is_stopped=lambda: False,
            )
            return code, _text(log)

        code, said = run()
        if code and is_known(said):
            os.unlink(log)
            code, said = run("--config-file", _written(work, "uv", [told_instead()], "toml"))
        if code != 0:
            lines = [line for line in said.splitlines() if not line.startswith(_CHATTER)]
            if any(word in line for line in lines for word in _NEEDS_BUILDING):
                return "a package that is needed has no built file here, and a plan builds none"
            tail = [scrub(line).replace(f"{work}/", "") for line in lines if line.strip()]
            raise failed(asked.file, tail[-12:], has_date=bool(asked.as_of))
        answer = _resolved(asked, _text(out))
        names = [re.sub(r"\[.*", "", package.name) for package in answer.packages]
        skipped = skipped_in(said, names)
        if skipped is None:
            return "this uv does not tell which files it passed over"
        if skipped:
            return f"`{skipped}` has versions without a built file here, and a plan builds none"
        self._keep(asked, answer, work)
        return answer

    def export(self, root: str, lock: str) -> str:
        """See the port."""
        from branchline.core.environment.values import Index

        if not self._uv:
            raise missing_uv()
        os.makedirs(self._folder, exist_ok=True)
        work = tempfile.mkdtemp(dir=self._folder, prefix="reading-")
        log, out = os.path.join(work, "log"), os.path.join(work, "out")
        project = os.path.dirname(os.path.join(root, lock))
        words = [self._uv, "export", "--frozen", "--no-dev", "--no-emit-project", "--no-header"]
        words += ["--no-annotate", "--offline", "--quiet", "--project", project]
        environ = environ_for(self._environ, Index(), root)
        try:
            code = run_installer(
                words, folder=root, environ=environ, log=log, out=out, is_stopped=lambda: False
            )
            if code != 0:
                scrub = Scrub(environ, Index())
                raise failed(lock, [scrub(line) for line in tail_of(log)])
            with open(out, encoding="utf-8") as file:
                return file.read()
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _compile(self, asked: Asked, work: str, is_stopped: Callable[[], bool]) -> str | None:
        environ = environ_for(self._environ, asked.index, asked.root)
        scrub = Scrub(environ, asked.index)
        log, out = os.path.join(work, "log"), os.path.join(work, "out")

        def run(*more: str) -> int | None:
            words = [*self._words(asked, work), *more]
            return run_installer(
                words, folder=asked.root, environ=environ, log=log, out=out, is_stopped=is_stopped
            )

        code = run()
        if code and is_known(" ".join(tail_of(log))):
            code = run("--config-file", _written(work, "uv", [told_instead()], "toml"))
        if code is None:
            return None
        if code != 0:
            tail = [scrub(line).replace(f"{work}/", "") for line in tail_of(log)]
            raise failed(asked.file, tail, has_date=bool(asked.as_of))
        with open(out, encoding="utf-8") as file:
            return file.read()

    def _words(self, asked: Asked, work: str) -> list[str]:
        words = [self._uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
        words += ["--generate-hashes", "--python", asked.python]
        if asked.as_of:
            words += ["--exclude-newer", asked.as_of]
        for name in asked.no_build:
            words += ["--only-binary", name]
        for option, lines in (
            ("--constraints", asked.constraints),
            ("--overrides", asked.overrides),
        ):
            if lines:
                words += [option, _written(work, option.strip("-"), lines)]
        words += asked.sources
        if asked.wishes or not asked.sources:
            words.append(_written(work, "wishes", asked.wishes))
        return words

    def _place(self, asked: Asked) -> str:
        places = digest_of([self._environ.get(name, "") for name in PLACES + _PIP])
        return os.path.join(self._folder, f"{asked.digest(places)[:40]}.json")

    def _keep(self, asked: Asked, found: Resolved, work: str) -> None:
        partial = os.path.join(work, "answer")
        with open(partial, "w", encoding="utf-8") as file:
            json.dump({"format": _FORMAT, **asdict(found)}, file, indent=1)
        os.replace(partial, self._place(asked))


_PIP = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX")


_CHATTER = ("DEBUG", "TRACE", "INFO")
_NEEDS_BUILDING = ("usable wheels", "source distributions is disabled", "--no-build")


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _as_of(asked: Asked) -> str:
    return f" as of {asked.as_of[:10]}" if asked.as_of else ""


def _written(work: str, name: str, lines: Sequence[str], ending: str = "txt") -> str:
    path = os.path.join(work, f"{name}.{ending}")
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
    return path


def _resolved(asked: Asked, text: str) -> Resolved:
    if has_credentials(text):
        raise EnvironmentFailedError(
            f"a requirement of {asked.file} has a password in its address",
            todo="Put it into a variable and write ${NAME} in its place; it would stand in every"
            " record otherwise.",
        )
    # Folders of the repository are installed from where they stand; they have no version to pin.
    kept = re.sub(r"(?m)^(?:-e |\.|/|file:).*$", "", text)
    allowed = dict(asked.hashes)
    packages = [
        replace(package, hashes=own)
        if (own := allowed.get(normal(re.sub(r"\[.*", "", package.name)))) and not package.source
        else package
        for package in packages_of(kept)
    ]
    return Resolved(
        packages=tuple(packages),
        as_of=asked.as_of,
        python_version=asked.python_version,
        local=asked.local,
    )


def _from_json(value: Any) -> Resolved | None:
    if value["format"] != _FORMAT:
        return None
    packages = tuple(
        Package(
            name=str(item["name"]),
            version=str(item["version"]),
            source=str(item["source"]),
            hashes=tuple(map(str, item["hashes"])),
            marker=str(item["marker"]),
        )
        for item in value["packages"]
    )
    return Resolved(
        packages=packages,
        as_of=str(value["as_of"]),
        python_version=str(value["python_version"]),
        local=tuple(map(str, value["local"])),
    )
