"""Settings of a box -> its two hooks. Pure text; POSIX sh that dash runs.

An ordinary push starts no Python: names, options and branch rules are looked at by the shell and at
most a few git processes. Only what must be explained, or what the shell cannot tell, goes to
`branchline.server.receive`, which decides it. Every value stands quoted; what hooks start gets the
environment that the box's settings name, and nothing of the pusher's: no GIT_*, no PYTHON*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.ports.box import BoxSettings

MARK = "# branchline: hook of a box, version 2;"
"""Begins the second line of every hook of ours."""

NAMES = ("pre-receive", "post-receive")


def box_hooks(path: str, settings: BoxSettings) -> dict[str, str]:
    """Both hooks of a box.

    Args:
        path: Absolute path of the bare repository.
        settings: Of the box.

    Returns:
        Name -> text.
    """
    environment = settings.variables()
    head = _HEAD.format(
        mark=MARK,
        box=quoted(path),
        path=quoted(environment["PATH"]),
        environment=" ".join(quoted(f"{name}={value}") for name, value in environment.items()),
        python=quoted(settings.python),
    )
    return {
        "pre-receive": head + _WRITING + _PRE_RECEIVE,
        "post-receive": head + _WRITING + _POST_RECEIVE,
    }


def is_ours(text: str) -> bool:
    """Whether a hook was written by Branchline, of this version or another."""
    return "\n# branchline: hook of a box, version " in text[:200]


def quoted(text: str) -> str:
    r"""A text as one word of the shell, whatever it holds.

    >>> print(quoted("it's $HOME"))
    'it'\\''s $HOME'
    """
    return "'" + text.replace("'", "'\\''") + "'"


_HEAD = r"""#!/bin/sh
{mark} `branchline remote add` writes it again, an edit is lost.
box={box}
state="$box/branchline"
PATH="${{PATH:+$PATH:}}"{path}
LC_ALL=C
export PATH LC_ALL
set -f

# Starts `python -m MODULE ARGUMENT...` with the box's environment and nothing else.
ours() {{
  exec /usr/bin/env -i {environment} "$@"
}}
python={python}
"""

_WRITING = r"""
# What a push does, as the JSON of its file in the spool. pre-receive writes it as NAME.pre before
# git moves anything, post-receive as NAME.json when it has; both are children of one process, by
# whose number they know each other. Who is killed in between has left the first.
updates= options=

# Adds `old new ref` to the updates; old and new are empty where there is none.
add_update() {
  case "$3" in refs/heads/* | refs/tags/*) ;; *) return ;; esac
  # pre-receive lets through no such name; JSON stays JSON even if another hook stands there.
  case "$3" in *[\"\\]* | *[[:cntrl:]]*) return ;; esac
  updates="$updates${updates:+,}{\"ref\":\"$3\",\"old\":\"$1\",\"new\":\"$2\"}"
}

add_option() {
  case "$1" in *[\"\\]* | *[[:cntrl:]]*) return ;; esac
  options="$options${options:+,}\"$1\""
}

# Sets `event`, a name that sorts by time.
name_event() {
  now=$(date +%s%N)
  case "$now" in '' | *[!0-9]*) now=$(date +%s)000000000 ;; esac
  event="$now-$PPID"
}

# Sets `text`, the JSON of `event`.
write_text() {
  # Whoever can set LOGNAME can set BRANCHLINE_USER as well; asking `id` costs a process.
  pusher=${BRANCHLINE_USER:-${REMOTE_USER:-$LOGNAME}}
  if [ -z "$pusher" ]; then pusher=$(id -un); fi
  case "$pusher" in
    *[!A-Za-z0-9._@+-]*) pusher=$(printf '%.100s' "$pusher" | tr -c 'A-Za-z0-9._@+-' '_') ;;
  esac
  if [ ${#pusher} -gt 100 ]; then pusher=$(printf '%.100s' "$pusher"); fi
  transport=path
  if [ -n "$GATEWAY_INTERFACE$REQUEST_METHOD" ]; then
    transport=http
  elif [ -n "$SSH_CONNECTION" ] && [ -z "$SSH_TTY" ]; then
    transport=ssh
  fi
  now=${event%-*}
  seconds=${now%?????????}
  at="$seconds.${now#"$seconds"}"
  text="{\"schema_version\":1,\"event\":\"$event\",\"at\":$at,\"pusher\":\"$pusher\""
  text="$text,\"transport\":\"$transport\",\"updates\":[$updates],\"options\":[$options]}"
}
"""

_PRE_RECEIVE = r"""
newline='
'
if ! [ "${GIT_DIR:-.}" -ef "$box" ]; then
  here=$(pwd -P)
  echo "branchline: refused, nothing was changed:" >&2
  echo "branchline:   this box was made as $box and stands somewhere else now" >&2
  echo "branchline:   hint: On its machine type: branchline remote init --box '$here'" >&2
  exit 1
fi
if ! command -v "$python" >/dev/null; then
  echo "branchline: refused, nothing was changed:" >&2
  echo "branchline:   the interpreter of this box is not there, or closed to this account:" >&2
  echo "branchline:     $python" >&2
  echo "branchline:   hint: On its machine type, with a Branchline that is there:" >&2
  echo "branchline:     branchline remote init --box '$box'" >&2
  exit 1
fi
lines= ask= made=' ' below= looked=' ' pushed=' ' branches= default=
as_files=1
if [ -e "$box/packed-refs" ] || [ -e "$box/reftable" ]; then as_files=; fi

# Who decides what the shell cannot: it reads the same lines and says yes, or no and why.
explain() {
  printf '%s' "$lines" | (ours GIT_QUARANTINE_PATH="$GIT_QUARANTINE_PATH" \
    GIT_OBJECT_DIRECTORY="$GIT_OBJECT_DIRECTORY" \
    GIT_ALTERNATE_OBJECT_DIRECTORIES="$GIT_ALTERNATE_OBJECT_DIRECTORIES" \
    "$python" -P -m branchline.server.receive "$box" "$@") || exit $?
  accept
}

# Writes down what is about to happen. That this fails is no reason to refuse: the worker compares
# branches with the queue, too.
accept() {
  if [ -n "$updates" ]; then
    name_event
    write_text
    if ! [ -d "$state/spool" ]; then mkdir -p "$state/spool" 2>/dev/null; fi
    { printf '%s\n' "$text" > "$state/spool/$event.pre"; } 2>/dev/null
  fi
  exit 0
}

# Sets `tip` to the commit of a branch; empty when there is none.
tip_of() {
  tip=
  if [ -f "$box/refs/heads/$1" ]; then
    read -r tip < "$box/refs/heads/$1"
  elif [ -z "$as_files" ]; then
    tip=$(git rev-parse --quiet --verify "refs/heads/$1")
  fi
}

# A new branch beside which another cannot stand: `models` beside `models/x`.
look_beside() {
  rest=$1 above=
  case "$made" in *" $1/"*) ask=1 ;; esac
  while :; do
    case "$rest" in */*) ;; *) break ;; esac
    above="$above${rest%%/*}"
    rest=${rest#*/}
    case "$made" in *" $above "*) ask=1 ;; esac
    case "$looked" in
      *" $above "*) ;;
      *)
        looked="$looked$above "
        if [ -f "$box/refs/heads/$above" ]; then
          ask=1
        elif [ -z "$as_files" ]; then
          first=$(git for-each-ref --count=1 --format='%(refname)' "refs/heads/$above")
          if [ "$first" = "refs/heads/$above" ]; then ask=1; fi
        fi ;;
    esac
    above="$above/"
  done
  made="$made$1 "
  if [ -z "$as_files" ] || [ -d "$box/refs/heads/$1" ]; then below="$below refs/heads/$1/"; fi
}

while read -r old new ref; do
  lines="$lines$old $new $ref$newline"
  case "$old" in *[!0]*) ;; *) old= ;; esac
  case "$new" in *[!0]*) ;; *) new= ;; esac
  add_update "$old" "$new" "$ref"
  name=
  case "$ref" in
    refs/heads/*)
      name=${ref#refs/heads/}
      case "$name" in -* | */-* | refs/* | HEAD | *[!A-Za-z0-9._/-]*) ask=1 ;; esac ;;
    refs/tags/*)
      name=${ref#refs/tags/}
      case "$name" in -* | */-* | refs/* | HEAD | *[!A-Za-z0-9._/@#!+=-]*) ask=1 ;; esac
      # Tags of the registry: whether it is one, and an event, is looked at closer.
      case "$name" in *[@#]*) ask=1 ;; esac
      continue ;;
    refs/branchline/results/* | refs/branchline/approvals/* | refs/branchline/runs/*)
      name=${ref#refs/branchline/*/}
      ask=1
      continue ;;
    refs/notes/*)
      name=${ref#refs/notes/}
      case "$name" in -* | */-* | refs/* | HEAD | *[!A-Za-z0-9._/-]*) ask=1 ;; esac
      continue ;;
    *) ask=1 ;;
  esac
  if [ ${#name} -gt 200 ]; then ask=1; fi
  if [ -n "$ask" ]; then continue; fi
  pushed="$pushed$name=$new "
  branches="$branches${old:--} ${new:--} $name$newline"
  if [ -z "$old" ] && [ -n "$new" ]; then look_beside "$name"; fi
done
if [ -n "$below" ] && [ -n "$(git for-each-ref --count=1 --format=x $below)" ]; then ask=1; fi

set --
count=0
while [ "$count" -lt "${GIT_PUSH_OPTION_COUNT:-0}" ]; do
  eval "option=\$GIT_PUSH_OPTION_$count"
  set -- "$@" "$option"
  add_option "$option"
  case "$option" in train=force | wait=no | wait=yes) ;; *) ask=1 ;; esac
  count=$((count + 1))
done

# A hook of the repository's owners that was here first.
if [ -x "$box/hooks/pre-receive.local" ]; then
  printf '%s' "$lines" | "$box/hooks/pre-receive.local" || exit 1
fi
if [ -n "$ask" ]; then explain "$@"; fi
if [ -z "$branches" ]; then accept; fi

# Branch rules, as they were read from the default branch. Read again when that has moved.
if [ ! -r "$state/rules" ]; then explain "$@"; fi
. "$state/rules"
read -r head < "$box/HEAD"
default=${head#ref: refs/heads/}
if [ "$default" != "$rules_default" ]; then explain "$@"; fi
tip_of "$default"
if [ "$tip" != "$rules_commit" ]; then
  blob=$(git rev-parse --quiet --verify "refs/heads/$default:branchline.yaml")
  if [ "$blob" != "$rules_blob" ]; then explain "$@"; fi
fi

while read -r old new name; do
  if [ -z "$name" ]; then continue; fi
  sources_of "$name"
  if [ -z "$sources" ]; then continue; fi
  if [ "$new" = - ]; then explain "$@"; fi
  if [ "$old" != - ]; then git merge-base --is-ancestor "$old" "$new" || explain "$@"; fi
  for source in $sources; do
    case "$source" in "$name") continue ;; '?') explain "$@" ;; esac
    case "$pushed" in
      *" $source="*)
        tip=${pushed##*" $source="}
        tip=${tip%% *}
        if [ -z "$tip" ]; then explain "$@"; fi ;;
      *) tip_of "$source" ;;
    esac
    if [ -z "$tip" ] || [ "$tip" = "$new" ]; then continue; fi
    git merge-base --is-ancestor "$new" "$tip" || explain "$@"
  done
done <<END
$branches
END
accept
"""

_POST_RECEIVE = r"""
newline='
'
lines= follow=

# The name that pre-receive gave; of several with our parent's number ours is the newest. Looked up
# first: once git is gone, the worker may take the push in by its note, which goes with that.
event=
set +f
for file in "$state/spool/"*"-$PPID.pre"; do
  if [ -e "$file" ]; then event=${file##*/}; fi
done
set -f
event=${event%.pre}
if [ -z "$event" ]; then name_event; fi

while read -r old new ref; do
  lines="$lines$old $new $ref$newline"
  case "$old" in *[!0]*) ;; *) old= ;; esac
  case "$new" in *[!0]*) ;; *) new= ;; esac
  case "$new:$ref" in :*) ;; *:refs/heads/* | *:refs/tags/*) follow=1 ;; esac
  add_update "$old" "$new" "$ref"
done
if [ -x "$box/hooks/post-receive.local" ]; then
  printf '%s' "$lines" | "$box/hooks/post-receive.local"
fi
if [ -z "$updates" ]; then exit 0; fi

count=0
while [ "$count" -lt "${GIT_PUSH_OPTION_COUNT:-0}" ]; do
  eval "option=\$GIT_PUSH_OPTION_$count"
  count=$((count + 1))
  add_option "$option"
  case "$option" in wait=no) follow= ;; wait=yes) follow=1 ;; esac
done

write_text
write_down() {
  printf '%s\n' "$text" > "$state/spool/.$event.tmp" &&
    mv -f "$state/spool/.$event.tmp" "$state/spool/$event.json"
}
if ! write_down 2>/dev/null; then
  rm -f "$state/spool/.$event.tmp" 2>/dev/null
  echo "branchline: the push is accepted, but could not be written down in $state/spool;" >&2
  echo "branchline: the worker finds it by what git moved" >&2
  follow=
fi

# Whether the worker lives: the same process, not another that got its number.
is_alive() {
  [ -r "$state/worker.pid" ] || return 1
  read -r pid ticks < "$state/worker.pid"
  case "$pid" in '' | *[!0-9]*) return 1 ;; esac
  if [ ! -d /proc/self ]; then kill -0 "$pid" 2>/dev/null; return; fi
  [ -r "/proc/$pid/stat" ] || return 1
  read -r stat < "/proc/$pid/stat"
  set -- ${stat##*) }
  [ "$1" != Z ] && [ "$1" != X ] && [ "${20}" = "$ticks" ]
}

work() {
  if command -v setsid >/dev/null; then
    ours setsid "$python" -P -m branchline.server.worker "$box"
  fi
  trap '' HUP
  ours "$python" -P -m branchline.server.worker "$box"
}
if ! is_alive; then work </dev/null >/dev/null 2>>"$state/worker.err" & fi

if [ -z "$follow" ]; then exit 0; fi
ours "$python" -P -m branchline.server.follow "$box" "$event" </dev/null
"""
