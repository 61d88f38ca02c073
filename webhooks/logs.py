"""One line an event, on stderr, where service managers and container runtimes collect them."""

from __future__ import annotations

import logging


def set_up_logs() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells at each look what it looks at
