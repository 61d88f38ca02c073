from pathlib import Path

import pytest

import mappings


@pytest.fixture
def published(corpus: Path) -> Path:
    """The mappings that were published with the language."""
    folder = corpus.parent / "mappings"
    if not folder.is_dir():
        pytest.skip("no published mappings beside the corpus")
    return folder


def test_every_published_mapping_loads(published: Path) -> None:
    mains = sorted(published.glob("*.yaml"))

    read = [name for main in mains for name in mappings.load(main).files]

    assert len(read) == len([*published.rglob("*.yaml")])


def test_kept_texts_become_the_same_scorecard(published: Path) -> None:
    loaded = mappings.load(published / "04-hybrid.yaml")

    again = mappings.load_texts(loaded.files, "04-hybrid.yaml")

    assert (again.scorecard, again.digest) == (loaded.scorecard, loaded.digest)
