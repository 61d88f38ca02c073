"""From marks to what shall be shown, in steps, each its own transaction: item -> reach -> key result -> card -> outbox,
and beside that item -> delivery -> attribution -> KPI -> key result.

Every step locks its subject first and reads what it depends on afterwards, so it sees all that was committed before the
lock; it deletes only the marks it has read. A change that is committed later has a mark that is still there.

Why an item has two steps: *item* folds what was seen of it and commits; only then *reach* looks up through its parents
for the key results it feeds. Were both one transaction, an item and its parent that change at the same moment on two
workers would each see the other's old state, and a key result would be left unmeasured.
"""

from integration.refresh.adopt import adopt, showing
from integration.refresh.attributing import attribute_facts
from integration.refresh.cards import draw_cards
from integration.refresh.clock import mark_new_day
from integration.refresh.delivery import derive_facts
from integration.refresh.items import fold_items
from integration.refresh.key_results import measure_key_results
from integration.refresh.kpis import mark_windows, measure_kpis
from integration.refresh.policy import Outdated, Policy
from integration.refresh.reach import reach_key_results

__all__ = [
    "Outdated",
    "Policy",
    "adopt",
    "attribute_facts",
    "derive_facts",
    "draw_cards",
    "fold_items",
    "mark_new_day",
    "mark_windows",
    "measure_key_results",
    "measure_kpis",
    "reach_key_results",
    "showing",
]
