"""One catalog of Acme for all tests of levers: reading it takes most of a second."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import acme
import pytest

from llmaudit.evidence import Evidence

EvidenceOf = Callable[..., Evidence]


@pytest.fixture(scope="session")
def acme_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Acme's price list."""
    return acme.acme(tmp_path_factory.mktemp("acme"))


@pytest.fixture
def evidence_of(acme_catalog: Path, tmp_path: Path) -> EvidenceOf:
    """The evidence of a log of some rows, read as people's logs are."""

    def of(rows: Iterable[Any], *, files: int = 1) -> Evidence:
        return acme.evidence_of(acme_catalog, tmp_path, rows, files=files)

    return of
