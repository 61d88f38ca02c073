from pathlib import Path

import pytest


@pytest.fixture
def published(corpus: Path) -> Path:
    """The mappings that were published with the language."""
    folder = corpus.parent / "mappings"
    if not folder.is_dir():
        pytest.skip("no published mappings beside the corpus")
    return folder
