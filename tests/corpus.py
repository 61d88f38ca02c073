"""Where the recorded payloads and the vendors' documents are, if there are any."""

import os
from pathlib import Path


def corpus_folder() -> Path | None:
    """`OKRLINK_CORPUS`, else beside the checkout; None where there is no such folder."""
    named = os.environ.get("OKRLINK_CORPUS")
    path = Path(named) if named else Path(__file__).parents[2] / "shared" / "corpus"
    return path if path.is_dir() else None
