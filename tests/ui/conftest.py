"""What the tests of the page share: a site a module, and a page a test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from rag.embed import Embedder
from tests.browser import Site, opened, served


def article(corpus: Path) -> None:
    """Copy the article that ships."""
    shutil.copytree("corpus", corpus, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, embedder: Embedder
) -> Iterator[Site]:
    """A page over what the module's ``fill`` writes; without one, over the article that ships."""
    fill = getattr(request.module, "fill", article)
    with served(tmp_path_factory.mktemp("site"), embedder, fill) as made:
        yield made


@pytest.fixture
def page(site: Site, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page, opened; a parameter is the width and height of the window."""
    width, height = getattr(request, "param", (1440, 900))
    with opened(browser, site.address, viewport={"width": width, "height": height}) as page:
        yield page
