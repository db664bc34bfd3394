"""Generated repositories of each layout, with the truth about each: what `init` should find there.

`cases` says what a case is and how it is judged; every other module makes one layout's.
"""
