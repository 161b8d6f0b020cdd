"""Source code, settings, logs and other files that are text: the canonical text is the file's own.

It knows no language. Files that hold secrets as a rule (``.env``, keys) are not among the suffixes.
"""

from __future__ import annotations

from rag.lines import code_blocks
from rag.parse.builder import BlockMarker
from rag.parse.parsed import Parsed
from rag.parse.text import decode
from rag.sentences import parts_of

CODE_SUFFIXES = """
    asm bash bat c cc cl clj cljs cmake cmd coffee cpp cs css cu cxx d dart diff el elm erl ex exs f f90 fish
    fs fsx go gradle graphql groovy h hh hpp hrl hs hxx java jl js jsx kt kts less lisp lua m mjs ml mli mm nim
    patch php pl pm proto ps1 psm1 py pyi pyx r rb rkt rs s sass scala scm scss sh sol sql svelte swift tcl tf
    ts tsx v vb vhd vim vue zig zsh
    adoc asciidoc bib cls desktop log lst po sty
    sub
"""

# Files of code that have no suffix.
CODE_NAMES = frozenset(
    "brewfile build codeowners dockerfile gemfile gnumakefile jenkinsfile justfile makefile podfile procfile rakefile"
    " vagrantfile".split()
)


def parse_code(data: bytes, name: str) -> Parsed:
    """Read a file of text as it is; the title is the file's name."""
    return code_text(decode(data), name)


def code_text(text: str, name: str, warning: str | None = None) -> Parsed:
    """Return text that is read line by line as a document."""
    marker = BlockMarker(text)
    for span in code_blocks(text):
        for start, end in parts_of(text, span):
            marker.mark("code", start, end)
    return marker.parsed(name, warning)
