"""The arguments of a tool: checked before it runs, and refused in one plain sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from rag.errors import UsageError
from rag.types import Value

_Arguments = TypeVar("_Arguments", bound=Value)
_LISTS = {"history", "sources"}
_LONGEST_NAME = 100  # characters of an unknown argument's name that are repeated

# What pydantic's errors say in words that do not need Python.
_MUST = {
    "string_type": "must be text",
    "string_too_long": "may have {max_length:,} characters at most",
    "tuple_type": "must be a list",
    "too_long": "may have {max_length:,} entries at most",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "greater_than_equal": "must be {ge:,} or more",
    "less_than_equal": "must be {le:,} or less",
    "literal_error": "must be {expected}",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "missing": "is missing",
    "extra_forbidden": "is unknown",
}


def read_arguments(given: Mapping[str, Any], model: type[_Arguments]) -> _Arguments:
    """Return the arguments that a tool was called with; raises UsageError where they cannot be used."""
    try:
        return model.model_validate({**given, **{name: _decoded(given[name]) for name in _LISTS & given.keys()}})
    except ValidationError as error:
        raise UsageError(_told(error.errors(), list(model.model_fields))) from error


def _decoded(value: Any) -> Any:
    """Return a list that was sent as JSON in a string, as some clients do, as the list."""
    if isinstance(value, str) and value.startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _told(errors: Sequence[ErrorDetails], names: Sequence[str]) -> str:
    """Say what is wrong, the unknown arguments first: a misspelt one is often missing too."""
    takes = f"this tool takes {', '.join(names)}"
    unknown = [repr(error["loc"][0])[:_LONGEST_NAME] for error in errors if _is_unknown(error)]
    if unknown:
        return f"unknown argument{'s' * (len(unknown) > 1)} {', '.join(unknown)}: {takes}"
    first = errors[0]
    if first["type"] == "missing" and len(first["loc"]) == 1:
        return f"the argument {first['loc'][0]!r} is missing: {takes}"
    must = _MUST.get(first["type"], "cannot be used ({msg})")
    return f"{_place(first['loc'])} {must.format(msg=first['msg'], **first.get('ctx', {}))}"


def _is_unknown(error: ErrorDetails) -> bool:
    return error["type"] == "extra_forbidden" and len(error["loc"]) == 1


def _place(path: Sequence[str | int]) -> str:
    """Return where in the arguments a value stands: "history[0].content"."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step[:_LONGEST_NAME]}" for step in path)
    return "".join(steps).removeprefix(".")
