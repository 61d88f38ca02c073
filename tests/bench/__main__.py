"""`python -m tests.bench [MODULE...]`: prints `name value` lines and keeps them in bench.json, beside those of other runs."""

import importlib
import json
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import tests.bench

Measure = Callable[[], Iterator[tuple[str, float]]]
RESULTS = Path("bench.json")


def benches() -> Mapping[str, Measure]:
    """By the name of the module that has it."""
    names = [module.name for module in pkgutil.iter_modules(tests.bench.__path__) if not module.name.startswith("_")]
    modules = {name: importlib.import_module(f"tests.bench.{name}") for name in names}
    return {name: module.measure for name, module in modules.items() if hasattr(module, "measure")}


def main() -> None:
    known = benches()
    asked = sys.argv[1:] or list(known)
    if unknown := [name for name in asked if name not in known]:
        sys.exit(f"no bench is called {', '.join(unknown)}; there are {', '.join(known)}")
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in asked:
        for figure, value in known[name]():
            print(figure, f"{value:.3g}", flush=True)
            results[figure] = round(value, 4)
            RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
