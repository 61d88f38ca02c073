"""A mapping file becomes the mapping in force: checked, weighed, kept with its digest, and everything it touches marked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from integration.planning import plan
from integration.refresh import adopt
from integration.store import applied
from integration.store.db import Database
from mappings import Loaded, load


@dataclass(frozen=True, slots=True)
class Application:
    """What applying did: the revision in force, and whether it is a new one."""

    loaded: Loaded
    revision: int
    new: bool


def apply_file(db: Database, path: Path, now: datetime | None = None, *, weigh: str | None = None) -> Application:
    """Puts the mapping at `path` in force. Raises `MappingInvalid`; then what was in force stays so.

    A file that is in force already is not applied again. With `weigh`, the address where people reach this service,
    raises `PlanTooLarge` where more of the written items would change than the mapping's `stop_above` allows.
    """
    return apply_loaded(db, load(path), path.parent, now, weigh=weigh)


def apply_loaded(
    db: Database, loaded: Loaded, folder: Path, now: datetime | None = None, *, weigh: str | None = None
) -> Application:
    """The same for a mapping that is loaded already; `folder` is where its `file/` secrets are looked for."""
    now = now or datetime.now(UTC)
    if weigh is not None:
        _weigh(db, loaded, weigh, now)
    with db.write() as connection:
        before = applied.newest(connection)
        if before is not None and before.digest == loaded.digest:
            return Application(loaded, before.revision, new=False)
        revision = applied.apply(connection, loaded.digest, loaded.files, str(folder.absolute()), now)
        adopt(connection, loaded.scorecard, now)
    return Application(loaded, revision, new=True)


def _weigh(db: Database, loaded: Loaded, url: str, now: datetime) -> None:
    """Raises `PlanTooLarge`. What was written last tells how much would change: no tracker is asked for that."""
    with db.read() as connection:
        before = applied.newest(connection)
    if before is not None and before.digest != loaded.digest:
        plan(db, loaded.scorecard, None, url, now).check_sizes(loaded.scorecard)
