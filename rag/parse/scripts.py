"""Raised and lowered text, and formulas, as plain text in a line."""

from __future__ import annotations

import re
import unicodedata

_PLAIN = "0123456789+-=()n"
_RAISED = dict(zip(_PLAIN + "−i", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ⁻ⁱ", strict=True))
_LOWERED = dict(zip(_PLAIN + "−i", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₙ₋ᵢ", strict=True))
# What is raised for its looks alone: of ordinals in the languages that do so, and of trade marks.
_ORNAMENTS = frozenset("st nd rd th er re e ème ère es de o a os as TM SM ™ ® ©".split())

_TOKEN = re.compile(r"\\(?:begin|end)\s*\{[^{}]*\}(?:\{[lcr|]*\})?|\\[a-zA-Z]+\*?|\\.|\s+|.", re.DOTALL)
_STYLES = frozenset(
    "text textrm textit textbf textsf mathrm mathbf mathit mathsf mathcal mathbb mathfrak operatorname mbox boldsymbol"
    " vec hat bar tilde overline underline".split()
)
_SYMBOLS = {
    "times": "×", "cdot": "·", "div": "÷", "pm": "±", "mp": "∓", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "ne": "≠", "neq": "≠", "approx": "≈", "equiv": "≡", "sim": "~", "propto": "∝", "infty": "∞", "sum": "∑",
    "prod": "∏", "int": "∫", "partial": "∂", "nabla": "∇", "to": "→", "rightarrow": "→", "Rightarrow": "⇒",
    "leftarrow": "←", "leftrightarrow": "↔", "in": "∈", "notin": "∉", "subset": "⊂", "cup": "∪", "cap": "∩",
    "forall": "∀", "exists": "∃", "degree": "°", "circ": "°", "ldots": "…", "dots": "…", "cdots": "…", "prime": "′",
    "ell": "ℓ", "lambda": "λ", "Lambda": "Λ", "euro": "€", "pounds": "£", "varepsilon": "ε", "varphi": "φ",
}  # fmt: skip
_SPACED = frozenset("×·÷±∓≤≥≠≈≡~∝→⇒←↔∈∉⊂∪∩")
_SILENT = frozenset("left right big Big bigl bigr Bigl Bigr displaystyle textstyle limits nonumber".split())
_DEEPEST = 50  # groups in one another; what is deeper is no formula


def raised(text: str) -> str:
    """Return raised text as it can be written in a line: ``10⁶``, or ``^(…)`` where there are no such characters."""
    return text if text.strip() in _ORNAMENTS else _script(text, _RAISED, "^")


def lowered(text: str) -> str:
    """Return lowered text as it can be written in a line: ``H₂O``, or ``_(…)`` where there are no such characters."""
    return _script(text, _LOWERED, "_")


def _script(text: str, characters: dict[str, str], mark: str) -> str:
    bare = text.strip()
    if not bare:
        return text
    if all(sign in characters for sign in bare):
        return text.replace(bare, "".join(characters[sign] for sign in bare))
    return text.replace(bare, f"{mark}({bare})")


def formula_line(tex: str) -> str:
    r"""Return a formula in TeX as it is typed in a line: ``\frac{a+b}{2}x^2`` as ``(a+b)/2 x²``."""
    return " ".join(_Formula(tex).group().split())


class _Formula:
    """Reads a formula token by token."""

    def __init__(self, tex: str) -> None:
        self._tokens = _TOKEN.findall(tex)[::-1]
        self._depth = 0

    def group(self) -> str:
        """Return what stands up to the brace that closes the group, or to the end."""
        self._depth += 1
        pieces: list[str] = []
        while self._tokens and (token := self._tokens.pop()) != "}":
            pieces.append(self._read(token))
        self._depth -= 1
        return "".join(pieces)

    def _read(self, token: str) -> str:
        if token == "{":
            return self.group() if self._depth < _DEEPEST else ""
        if token in "^_":
            text = self._argument()
            return text if text in ("°", "′") else raised(text) if token == "^" else lowered(text)
        if token.isspace() or token in "&~" or token.startswith(("\\begin", "\\end")):
            return " "
        return self._command(token[1:].rstrip("*")) if token.startswith("\\") else token

    def _command(self, name: str) -> str:
        if name in ("frac", "dfrac", "tfrac"):
            return f"{_grouped(self._argument())}/{_grouped(self._argument())} "
        if name == "sqrt":
            return f"√{_grouped(self._argument())}"
        if name in _STYLES:
            return self._argument()
        return _symbol(name)

    def _argument(self) -> str:
        while self._tokens and self._tokens[-1].isspace():
            self._tokens.pop()
        return " ".join(self._read(self._tokens.pop()).split()) if self._tokens and self._tokens[-1] != "}" else ""


def _grouped(text: str) -> str:
    return text if re.fullmatch(r"[\w.]*", text) else f"({text})"


def _symbol(name: str) -> str:
    """Return the sign that a command stands for, else its name, as of a function."""
    if not name.isalpha():
        return {"\\": "; ", ",": " ", ";": " ", ":": " ", "!": "", " ": " "}.get(name, name)
    if name in _SILENT:
        return ""
    if name in ("quad", "qquad"):
        return " "
    if name in _SYMBOLS:
        return f" {_SYMBOLS[name]} " if _SYMBOLS[name] in _SPACED else _SYMBOLS[name]
    size = "CAPITAL" if name[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {size} LETTER {name}")
    except KeyError:
        return f" {name} "
