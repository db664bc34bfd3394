"""What a parameter's name or value gives away as a secret, and how it counts without being shown.

Serves all stations. Secrets belong into variables of the environment; this is for those that stand
among the parameters all the same. It reads and keeps nothing.
"""

from __future__ import annotations

import functools
import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue

MASK = "***"
"""Stands where a secret would."""

_PASSWORDS = frozenset({"password", "passwords", "passwd", "passphrase", "pwd"})
_WORDS = _PASSWORDS | {"secret", "secrets", "credential", "credentials", "apikey", "apikeys"}
_KEYS = frozenset({"api", "access", "private", "secret", "account", "encryption", "signing", "ssh"})
_TOKENS = frozenset(
    {"auth", "access", "api", "bearer", "refresh", "session", "bot", "deploy", "hf", "hub",
     "github", "gitlab", "slack", "wandb", "personal", "oauth", "login"}
)  # fmt: skip
_SHORTEST_TOKEN = 8
_STEMS = ("passw", "passphrase", "pwd", "secret", "credential", "key", "token")
_MARKS = (
    *("AKIA", "ASIA", "ghp_", "gho_", "ghr_", "ghs_", "ghu_", "github_pat_", "glpat-", "hf_"),
    *("sk-", "k_live_", "k_test_", "xox", "AIza", "npm_", "pypi-", "SG.", "dop_v1_", "eyJ"),
    *("PRIVATE KEY", "://"),
)
"""What every token that we know holds: most texts hold none and never meet a pattern."""
_WORD = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+"
_SHAPES = (
    r"\bA(?:KIA|SIA)[0-9A-Z]{16}\b"  # Amazon
    r"|\bgh[oprsu]_[0-9A-Za-z]{30,}|\bgithub_pat_\w{30,}|\bglpat-[\w-]{20,}"
    r"|\bhf_[0-9A-Za-z]{30,}|\bsk-[\w-]{20,}|\b[rs]k_(?:live|test)_[0-9A-Za-z]{16,}"
    r"|\bxox[abeoprs]-[\w-]{10,}|\bAIza[\w-]{35}|\bnpm_[0-9A-Za-z]{36}|\bpypi-[\w-]{40,}"
    r"|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bdop_v1_[0-9a-f]{64}"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+"  # JSON Web Token
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
    r"|(?<=://)[^\s/:@]*:[^\s/@]+(?=@)"  # user and password in an address
)
_OPTION = (
    r"(--?[\w-]*(?:passw(?:or)?d|passphrase|secret|api[-_]?key|access[-_]?key|private[-_]?key"
    r"|(?:auth|access|api|bearer|hf|hub)[-_]token)(?:=|\s+)|--token(?:=|\s+)"
    r"|\b\w*(?:PASSWORD|PASSWD|SECRET|API_?KEY|ACCESS_KEY|_TOKEN)=)"
    r"(\"[^\"]*\"|'[^']*'|[^\s\"'$-][^\s\"']*)"
)


def is_secret(key: str, value: object) -> bool:
    """Whether a parameter looks like a secret, by its name or by its value.

    Vocabulary of language models is none: `pad_token`, `max_tokens` and `tokenizer` count as what
    they are.

    Args:
        key: Dotted, as in `params:`; a group called `secrets` makes all below it secret.
        value: Its value; numbers are secret only as passwords, yes and no never.

    >>> is_secret("db.password", 1234), is_secret("pad_token", "[PAD]"), is_secret("depth", 3)
    (True, False, False)
    """
    if isinstance(value, str):
        return bool(value) and (_names_secret(key, value) or _has_token(value))
    if isinstance(value, list | tuple):
        return any(is_secret(key, item) for item in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    words = _words(key.rpartition(".")[2]) if _has_stem(key) else []
    return bool(words) and words[-1] in _PASSWORDS


def names_secret_variable(name: str, value: str) -> bool:
    """Whether a variable of the environment looks like a secret, so that no output may show it.

    Wider than `is_secret`: what is masked needlessly costs a reader a word, and no result.

    >>> names_secret_variable("MY_TOKEN", "k3jfh23kjh"), names_secret_variable("PWD", "/home/ada")
    (True, False)
    """
    if name in ("PWD", "OLDPWD"):  # folders, whatever `pwd` means elsewhere
        return False
    words = re.split(r"[^a-z]+", name.lower())
    is_named = bool({"token", "key", *_WORDS} & set(words)) and len(value) >= _SHORTEST_TOKEN
    return is_named or is_secret(name, value)


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    """Compiled when first needed: all three would cost every plan 10 ms."""
    return re.compile(text, re.ASCII)


def _has_token(text: str) -> bool:
    return any(mark in text for mark in _MARKS) and bool(_pattern(_SHAPES).search(text))


def _has_stem(name: str) -> bool:
    lower = name.lower()
    return any(stem in lower for stem in _STEMS)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _pattern(_WORD).findall(name)]


def _names_secret(key: str, value: str) -> bool:
    if not _has_stem(key):
        return False
    if any(word in _WORDS for word in _words(key)):
        return True
    words = _words(key.rpartition(".")[2])
    if not words:
        return False
    before = words[-2] if len(words) > 1 else ""
    if words[-1] in ("key", "keys"):
        return before in _KEYS
    if words[-1] not in ("token", "tokens"):
        return False
    is_long = len(value) >= _SHORTEST_TOKEN and not set(value) & set(" \t\n<>[]|")
    return before in _TOKENS or (len(words) == 1 and is_long)


def without_secrets(values: Mapping[str, JsonValue], above: str = "") -> dict[str, JsonValue]:
    """Parameters with every secret masked, groups included; names stay."""
    found: dict[str, JsonValue] = {}
    for key, value in values.items():
        name = f"{above}.{key}" if above else str(key)
        found[key] = shown(name, value)
    return found


def shown(key: str, value: JsonValue) -> JsonValue:
    """A parameter's value as it may be shown: masked where it is a secret."""
    if hasattr(value, "items"):
        return without_secrets(value, key)  # type: ignore[arg-type] # a mapping: hasattr said so
    return MASK if is_secret(key, value) else value


def redacted(text: str) -> str:
    """A command line in which well-known tokens, and values of options for secrets, are masked.

    >>> redacted("train.py --api-key abc123 --lr 1")
    'train.py --api-key *** --lr 1'
    """
    if _has_token(text):
        text = _pattern(_SHAPES).sub(MASK, text)
    return _pattern(_OPTION).sub(rf"\g<1>{MASK}", text) if _has_stem(text) else text


@functools.lru_cache(maxsize=256)
def secret_digest(name: str, digest: str) -> str:
    """The digest by which a secret counts: equal in every clone, and dear to guess.

    A record that holds a plain digest of `hunter2` holds `hunter2`. This one costs whoever tries a
    list of words about 50 ms and 16 MiB a word.

    Args:
        name: The parameter, as salt: lists made for one name do not fit another.
        digest: Plain digest of the value; never kept.
    """
    salt = hashlib.sha256(f"branchline secret\0{name}".encode()).digest()
    found = hashlib.scrypt(digest.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)
    return f"scrypt:{found.hex()}"


# Whoever can write the value chooses what a shell, a loader or an interpreter runs.
_STEERING = frozenset(
    {"PATH", "HOME", "SHELL", "IFS", "ENV", "PS4", "CDPATH", "PROMPT_COMMAND", "SHELLOPTS",
     "BASHOPTS", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONUSERBASE",
     "PYTHONPLATLIBDIR", "PYTHONEXECUTABLE", "PYTHONBREAKPOINT", "PYTHONWARNINGS", "VIRTUAL_ENV",
     "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "NODE_OPTIONS", "NODE_PATH", "PERL5LIB", "PERL5OPT",
     "PERL5DB", "RUBYLIB", "RUBYOPT", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "GIT_EXEC_PATH",
     "GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GCONV_PATH"}
)  # fmt: skip
_STEERING_STARTS = ("LD_", "DYLD_", "BASH_", "GIT_CONFIG")


def steers_programs(name: str) -> bool:
    """Whether a variable of that name says which code runs, and so can be no secret.

    >>> [steers_programs(name) for name in ("LD_PRELOAD", "PATH", "BASH_ENV", "DEPLOY_TOKEN")]
    [True, True, True, False]
    """
    return name.upper() in _STEERING or name.upper().startswith(_STEERING_STARTS)
