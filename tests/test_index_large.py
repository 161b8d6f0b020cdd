"""An index of many passages: it finds what a small one finds, word for word, whatever was done to it or to its files."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.embed import Vectors
from rag.index import base, large
from rag.index.local import LocalIndex
from tests.filling import DIMENSION, MANIFEST, fill, line_document, nearest, put_document, unit_rows
from tests.texts import WORDS  # type: ignore[attr-defined]
