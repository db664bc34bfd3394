"""A Python that has imported what a script imports, and forks a process for each start of it.

`forking.py` starts it with the script's own interpreter, a socket as descriptor 3 and a file as
standard output; it uses the standard library only and works on Python 3.8 and newer. It never runs
the script, nor imports a module of the project: each fork does both by itself, as a new Python
would. It ends when the socket is closed or the process that started it is gone.

Messages are JSON after four bytes of length. First comes what to import; the answer is `ready` or
`unsafe` with the reason. Forks are made ahead, one at a time: the spare. Of each the engine is told
(`spare`, its pid) with a socket to it, and sends there what it is to run, with its log. The spare
answers `ready` and begins, or says why it does not, and ends: `unsafe`, or `stale` where a file has
changed since the imports read it, or a source asks for others. It also ends when the engine closes
that socket, or the zygote is gone.

To the zygote the engine says `used`: a spare that runs now (`runs`; then the next one is made), or
that nobody has any more. `make` asks for one where there is none; `learn` tells of more modules,
and is answered as the first message is, or of pages; `reap` asks how a fork ended, and `bury`, with
any of these, names forks whose end is known.
"""

from __future__ import annotations

import sys

_FRESH = tuple(name for name in globals() if name.startswith("__"))
if not getattr(sys.flags, "safe_path", False):
    del sys.path[0]  # ours: a script must find none of these modules

import gc  # noqa: E402 - the path comes first
import importlib.util  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
from contextlib import suppress  # noqa: E402

TYPE_CHECKING = False  # typing itself would cost every interpreter 5 ms
if TYPE_CHECKING:
    from typing import Any

    from branchline.adapters.local_process.zygote import (
        channel,
        leaving,
        lifeline,
        once,
        pages,
        preimports,
        processors,
        reads,
        safety,
        telling,
        trial,
    )

_CHANNEL = 3
_HEAD_START_S = 0.004
"""How long a fork that begins has the processor before the next one is made."""
_MARK = b"BRANCHLINE_TASK="


def _sibling(name: str) -> Any:
    """A module that stands beside this file, under a name that takes none from the script."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    spec = importlib.util.spec_from_file_location("_branchline_" + name, path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type] # a file has one
    spec.loader.exec_module(module)  # type: ignore[union-attr] # and so a loader
    return module


if not TYPE_CHECKING:
    channel = _sibling("channel")
    preimports, safety = _sibling("preimports"), _sibling("safety")
    trial, leaving, telling = _sibling("trial"), _sibling("leaving"), _sibling("telling")
    pages, once, reads = _sibling("pages"), _sibling("once"), _sibling("reads")
    processors, lifeline = _sibling("processors"), _sibling("lifeline")


class Unsafe(Exception):  # noqa: N818 - no error: it says what is not done
    """Why the script cannot be forked: a sentence."""


class NotImported(Unsafe):
    """A module cannot be imported ahead."""


class Zygote:
    """What is kept ready.

    Args:
        to_engine: To the process that started this one.
        asked: The first message: `kind`, `target`, `argv`, `cwd`, `environment`, `audit`.
    """

    def __init__(self, to_engine: channel.Channel, asked: dict[str, Any]) -> None:
        self.channel, self.asked = to_engine, asked
        self.installed = preimports.installed_folders()
        self.folder = trial.first_folder(asked)
        self.collected = preimports.Preimports(self.folder, self.installed)
        # Where modules may be of the project: wherever is searched now, but the installed folders.
        places = [asked["cwd"], self.folder, *sys.path]
        forms = {form for p in places if p for form in (os.path.abspath(p), os.path.realpath(p))}
        self.places = tuple(form.rstrip("/") + "/" for form in forms)
        self.watch = reads.Watch(self.installed)  # from here on it is the modules that look
        self.before, self.open_before = dict(os.environ), safety.open_files()
        self.mark_at = _mark_address()
        self.why = ""
        self.forks = self.learned = 0
        self.dying: list[int] = []
        self.pages = pages.Needed()
        self.spare = self.last = 0
        """Processes: the fork that waits, and the last that was used; 0 for none."""
        self.is_quick = self.is_main_kept = False
        # Looked at here and not by the forks: to touch a name is to copy the page it stands on.
        self.loaded: frozenset[str] = frozenset()
        self.tops: frozenset[str] = frozenset()

    def get_ready(self) -> None:
        """Import what the script will import.

        Raises:
            Unsafe: It cannot be forked.
        """
        if self.watch.watch is None:
            raise Unsafe("what is read cannot be watched here")
        given, now = self.asked["environment"], self.before
        if any(given.get(n) != now.get(n) for n in {*given, *now} - {"LC_CTYPE"}):
            raise Unsafe("something between the command and Python changes the environment")
        with self.watch.off(), safety.Unsaid():  # the script says it itself
            self._collect()
        name = safety.known_in(name for name, _ in self.collected.found)
        if name:
            raise Unsafe(f"`{name}` starts threads or takes devices of its own")
        sys.argv[:] = [self.asked["argv"][0]]
        # Modules may look at the script's own when they are imported, and may keep it.
        sys.modules["__main__"] = trial.stand_in(self.asked)
        gc.disable()
        for number, (name, names) in enumerate(self.collected.found):
            self.collected.set_filters(number)
            self._import(name, names)
        self._settle()

    def _collect(self) -> None:
        try:
            if self.asked["kind"] == "script":
                self.collected.read_script(os.path.abspath(self.asked["target"]))
                return
            why = self.collected.read_module(self.asked["target"])
        except (OSError, SyntaxError, ValueError, RecursionError) as error:
            raise Unsafe(f"its imports cannot be read ({error})") from None
        if why:
            raise Unsafe(why)

    def _import(self, name: str, names: tuple[str, ...]) -> None:
        tasks = safety.task_count()
        try:
            __import__(name, {}, {}, list(names), 0)
        except BaseException as error:  # noqa: BLE001 - whatever a module does when it is imported
            kind = type(error).__name__
            raise NotImported(f"`{name}` cannot be imported ahead ({kind}: {error})") from None
        if safety.task_count() > tasks and safety.lasting_threads():
            raise Unsafe(f"`{name}` starts threads when it is imported")

    def _settle(self) -> None:
        """Look whether this can be forked, and put what is loaded out of the collector's way.

        Raises:
            Unsafe: It cannot be forked.
        """
        if not self.collected.is_cut:  # else the script may have another path by then
            once.work_out(self.folder)
        name = safety.known_in(sys.modules)
        if name:
            raise Unsafe(f"`{name}` starts threads or takes devices of its own")
        for name in list(sys.modules):
            if not self.is_installed(name):
                raise Unsafe(f"`{name}` is imported before the script, and is not installed")
        if safety.lasting_threads():
            raise Unsafe("a module starts threads when it is imported")
        with self.watch.off():
            why = safety.why_not(self.open_before) or self.watch.temporary.keep()
        if why:
            raise Unsafe(f"a module {why}")
        written = self.watch.written()
        if written:
            raise Unsafe(f"a module writes `{written}` when it is imported")
        self.is_quick = leaving.has_nothing_at_exit()
        self.is_main_kept = trial.is_main_kept()
        self.loaded = frozenset(sys.modules)
        self.tops = preimports.top_names(self.loaded)
        # No collection before: it takes 0.1 s for scikit-learn, and frees 1,200 of 240,000 objects.
        gc.freeze()

    def is_installed(self, name: str) -> bool:
        """Whether a module that is loaded belongs to no project."""
        module = sys.modules.get(name)
        if module is sys.modules["__main__"]:
            return True
        spec, path = getattr(module, "__spec__", None), getattr(module, "__file__", None)
        if spec is None or not (spec.has_location or spec.submodule_search_locations):
            # Made by code; what it calls its file need not be one (`torch.ops`).
            return path is None or not os.path.isabs(path) or path.startswith(self.installed)
        is_ours = os.path.dirname(spec.origin or "") == self.asked["audit"]
        return is_ours or bool(self.collected.is_installed(spec)) or self._is_generated(spec)

    def _is_generated(self, spec: Any) -> bool:
        """Whether an installed module wrote it where nothing was searched before (PyTorch does)."""
        path = spec.origin or ""  # asking the system about it would be seen as a look of the script
        return spec.has_location and os.path.isabs(path) and not path.startswith(self.places)

    def serve(self) -> trial.Trial:
        """Answer until the end; returns in each fork, which is then to run."""
        while True:
            made = self._make_ahead() if self._is_spare_due() else None
            if made is not None:
                return made
            message, _ = self.channel.receive()
            if not message:
                os._exit(0)
            self.dying += message.get("bury", ())
            self._bury(os.WNOHANG)
            if "used" in message:
                self._note_use(message["used"], runs=message["runs"])
            if "reap" in message:
                self._reap(message["reap"], message["options"])
            elif "learn" in message:
                self._learn(message["learn"])
            elif "make" in message:
                made = self._make()
            if made is not None:
                return made

    def _note_use(self, pid: int, *, runs: bool) -> None:
        """Take note of what became of a spare."""
        if runs:
            self.forks += 1
            self.spare, self.last = 0, pid
        elif pid == self.spare:
            self._drop()

    def _drop(self) -> None:
        """End the spare: nothing is asked of it."""
        if self.spare:
            os.kill(self.spare, signal.SIGKILL)
            os.waitpid(self.spare, 0)
            self.spare = 0

    def _make(self) -> trial.Trial | None:
        """Make the spare where there is none; returns in it."""
        return None if self.spare or self.why else self._fork()  # else the engine was told

    def _learn(self, names: list[str]) -> None:
        """Import what a fork has imported while it ran; or note which pages it needed."""
        ranges = [name for name in names if name.startswith(pages.MARK)]
        if ranges:  # a spare without them is still quicker than a new one
            self.pages.take(ranges)
            return
        self.learned += 1
        self._drop()  # it lacks them, and the engine has let go of it
        if not self.why and not self.collected.is_cut and not safety.known_in(names):
            self.pages = pages.Needed()
            self._bury(0)  # else they would look like children that a module has started
            try:
                for name in names:
                    self._import_if_it_can_be(name)
                self._settle()
            except Unsafe as why:
                self.why = str(why)
        self.channel.send({"unsafe": self.why} if self.why else {"ready": True})

    def _import_if_it_can_be(self, name: str) -> None:
        try:
            if name not in sys.modules:
                self._import(name, ())
        except NotImported:
            pass  # a name that only its own package can give

    def _refusal(self) -> dict[str, object]:
        """Why a fork may not run now, as it is answered; empty where all is as it was."""
        if self.watch.is_stale():
            return {"stale": True}
        with self.watch.off(), safety.Unsaid():
            if not self.collected.says_the_same():
                return {"stale": True}
            hiding = preimports.hidden_by(self.folder, self.tops)
        return (
            {"unsafe": f"`{hiding}` has the name of a module that is installed"} if hiding else {}
        )

    def _is_spare_due(self) -> bool:
        """Whether there was a start, and nothing is made for the next one."""
        return self.forks > 0 and not self.spare and not self.why

    def _make_ahead(self) -> trial.Trial | None:
        """Make the spare, unless something is asked meanwhile; returns in it."""
        allowed = processors.keep_off(self.last)
        try:
            return None if self.channel.is_asked(_HEAD_START_S) else self._fork(allowed)
        finally:
            processors.allow(allowed)

    def _fork(self, allowed: set[int] | None = None) -> trial.Trial | None:
        """Make the spare; returns in it, once it is to run.

        Args:
            allowed: Processors that it may run on; None for those that it has.
        """
        sys.stdout.flush()
        sys.stderr.flush()
        ours, theirs = socket.socketpair()
        tells_pages = self.pages.ask(self.forks)
        parent = os.getpid()
        pid = os.fork()
        if pid:
            theirs.close()
            self.spare = pid
            self.channel.send({"spare": pid, "learned": self.learned}, ours.fileno())
            ours.close()
            return None
        try:
            ours.close()
            lifeline.end_with(parent)
            made = trial.Trial(self, tells_pages=tells_pages)
            self._begin(made, channel.Channel(theirs), allowed)
        except BaseException:  # noqa: BLE001 - it is started in another way
            os._exit(1)
        return made

    def _bury(self, options: int) -> None:
        """Take note of the end of forks that said before that they had done their work."""
        self.dying = [pid for pid in self.dying if os.waitpid(pid, options) == (0, 0)]

    def _reap(self, pid: int, options: int) -> None:
        """Say how a fork ended: zeros while it goes on."""
        try:
            found, status, usage = os.wait4(pid, options)
        except ChildProcessError:
            self.channel.send({"failed": True})
            return
        cpu_s, peak_kb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss
        self.channel.send({"found": found, "status": status, "cpu_s": cpu_s, "peak_kb": peak_kb})

    def _begin(self, made: trial.Trial, engine: channel.Channel, allowed: set[int] | None) -> None:
        """What the spare does: get ready, wait for its request, become that process.

        Args:
            made: The spare.
            engine: To whoever asks for it.
            allowed: Processors that it may run on; None for those that it has.
        """
        self.channel.socket.close()
        made.prepare()
        pages.have_ready(self.pages.ranges)
        processors.allow(allowed)
        message, descriptors = engine.receive()
        if not message:
            os._exit(0)  # never asked for
        refusal = self._refusal()
        if not refusal:
            made.become(message, *descriptors)
            lifeline.outlive()
        engine.send(refusal or {"ready": True})
        if refusal:
            os._exit(0)
        made.speak_over(engine.socket.detach())


def _mark_address() -> int:
    try:
        return lifeline.address_of(_MARK)
    except (OSError, ValueError, IndexError) as error:
        raise Unsafe(f"this system does not let a process be marked ({error})") from None


def main() -> trial.Trial:
    """Get ready and serve; returns in each fork."""
    os.set_inheritable(_CHANNEL, False)  # noqa: FBT003 - its shape
    to_engine = channel.Channel(socket.socket(fileno=_CHANNEL))
    asked, _ = to_engine.receive()
    if not asked:
        os._exit(0)
    lifeline.end_with(asked["parent"])
    try:
        zygote = Zygote(to_engine, asked)
        zygote.get_ready()
    except Unsafe as why:
        to_engine.send({"unsafe": str(why)})
        os._exit(0)
    to_engine.send({"ready": True})
    return zygote.serve()


trial.FRESH, trial.pages, trial.lifeline = _FRESH, pages, lifeline
trial.safety, trial.telling = safety, telling
_trial = main()
_trial.run()
with suppress(BaseException):  # Python ends it then, whatever a script has made of it
    leaving.leave(
        [name for name, _ in trial.newest(_trial.zygote.loaded)],
        is_quick=_trial.zygote.is_quick and not _trial.zygote.watch.has_own_library,
        tell=_trial.tell_end,
    )
