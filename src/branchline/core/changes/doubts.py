"""Station `changes`: the doubts that have consequences beyond the file that raises them.

A doubt is a short phrase in `Meaning.doubts`. Most only say why bytes were taken. Those that begin
with one of these words also tell the closure something. Holds no rule itself.
"""

from __future__ import annotations

SYNTAX = "does not parse"
"""The file is broken: a stage that imports it fails."""

OTHER_PYTHON = "is written for another Python"
"""The file does not parse here, but looks as if another version of Python could read it."""

READS_CODE = "reads the text or the lines of code"
"""Something here looks at source text, line numbers or code objects, perhaps of other files: the
whole closure counts by bytes."""

READS_DOCSTRINGS = "reads docstrings"
"""Something here uses docstrings, perhaps of other files, while the rules set them aside: the whole
closure counts by bytes."""

OPEN_IMPORT = "imports a module that is chosen at run time"
"""The closure may lack files; only a run shows them."""


def is_about(doubt: str, subject: str) -> bool:
    """Whether a doubt is of one of the kinds above.

    >>> is_about("does not parse (line 3): invalid syntax", SYNTAX)
    True
    """
    return doubt.startswith(subject)
