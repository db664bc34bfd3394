"""Real git servers on loopback, for tests: sshd, and lighttpd with git http-backend.

Each is one process of this test, in a folder of its own, stopped by its process id. Nothing of the
machine's own SSH or web server is touched. Needs openssh-server, openssh-client and lighttpd.
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_START_S = 20.0
_TRIES = 5


@dataclass(frozen=True)
class Server:
    """A server that runs.

    Attributes:
        prefix: What stands before the absolute path of a repository in a URL.
        environment: What git needs to get there.
    """

    prefix: str
    environment: dict[str, str] = field(default_factory=dict)


def program(name: str, package: str) -> str:
    """Path of a program; without it the test is skipped, and fails in CI.

    Args:
        name: The program.
        package: Of Debian, that has it.
    """
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        reason = f"{name} is not on this machine (Debian: apt-get install {package})"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def ssh_server(folder: Path) -> Iterator[Server]:
    """sshd for the user who runs the tests, with keys of its own."""
    sshd = program("sshd", "openssh-server")
    ssh, keygen = program("ssh", "openssh-client"), program("ssh-keygen", "openssh-client")
    folder.mkdir(mode=0o700)
    for key in ("host", "client"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
    shutil.copy(folder / "client.pub", folder / "authorized_keys")
    if os.getuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)

    def command(port: int) -> list[str]:
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\nPidFile none\nStrictModes no\n"
            "UsePAM no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\nLogLevel ERROR\nSubsystem sftp internal-sftp\n"
        )
        return [sshd, "-D", "-e", "-f", str(folder / "sshd_config")]

    with _running(command, folder / "log") as port:
        public = (folder / "host.pub").read_text().split()
        known = f"[127.0.0.1]:{port} {public[0]} {public[1]}\n"
        (folder / "known_hosts").write_text(known)
        options = (
            f"-F /dev/null -i {folder}/client -o IdentitiesOnly=yes -o BatchMode=yes"
            f" -o UserKnownHostsFile={folder}/known_hosts -o StrictHostKeyChecking=yes"
        )
        yield Server(
            f"ssh://{getpass.getuser()}@127.0.0.1:{port}",
            {"GIT_SSH_COMMAND": f"{ssh} {options}"},
        )


@contextmanager
def http_server(folder: Path, *, password: str = "") -> Iterator[Server]:
    """lighttpd that runs git http-backend as CGI; repositories by their absolute paths.

    Args:
        folder: Its own; does not exist yet.
        password: Of the user `ann`; "" lets anybody in.
    """
    lighttpd = program("lighttpd", "lighttpd")
    folder.mkdir()
    backend = subprocess.run(
        ["git", "--exec-path"], capture_output=True, text=True, check=True
    ).stdout.strip()
    auth = ""
    if password:
        (folder / "users").write_text(f"ann:{password}\n")
        auth = (
            f'auth.backend = "plain"\nauth.backend.plain.userfile = "{folder}/users"\n'
            'auth.require = ("" => ("method" => "basic", "realm" => "git", "require" =>'
            ' "valid-user"))\n'
        )

    def command(port: int) -> list[str]:
        # Nothing but CGI's own variables reaches git and its hooks; not even HOME and PATH.
        (folder / "conf").write_text(
            'server.modules = ("mod_setenv", "mod_alias", "mod_auth", "mod_authn_file",'
            ' "mod_cgi")\n'
            f'server.document-root = "{folder}"\nserver.bind = "127.0.0.1"\nserver.port = {port}\n'
            f'server.errorlog = "{folder}/errors"\nserver.upload-dirs = ("{folder}")\n'
            'setenv.set-environment = ("GIT_PROJECT_ROOT" => "/", "GIT_HTTP_EXPORT_ALL" => "1",'
            ' "GIT_CONFIG_COUNT" => "1", "GIT_CONFIG_KEY_0" => "safe.directory",'
            ' "GIT_CONFIG_VALUE_0" => "*")\n'
            f'alias.url = ("/" => "{backend}/git-http-backend/")\ncgi.assign = ("" => "")\n{auth}'
        )
        return [lighttpd, "-D", "-f", str(folder / "conf")]

    with _running(command, folder / "log") as port:
        user = f"ann:{password}@" if password else ""
        yield Server(f"http://{user}127.0.0.1:{port}")


@contextmanager
def _running(command: object, log: Path) -> Iterator[int]:
    """Start a server on a free port, and stop it; its port may be taken meanwhile, so try again."""
    for _ in range(_TRIES):
        port = _free_port()
        with open(log, "ab") as out:
            process = subprocess.Popen(
                command(port),  # type: ignore[operator] # one of the functions above
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                process_group=0,  # not a session: a worker in this process ends strange ones
                env={"PATH": os.environ.get("PATH", os.defpath)},
            )
        try:
            if _answers(process, port):
                yield port
                return
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(10)
    pytest.fail(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.05)
    return False
