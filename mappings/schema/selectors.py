"""Which items: the keys that links, linked work, counts, rules and services share."""

from __future__ import annotations

from mappings.schema.forms import Bool, FieldValues, Keys, Levels, Number, Patterns, States, Text, Texts, about


class Narrowing(Keys):
    """All keys must hold, of one key's list any; without a key it is every item."""

    connection: Texts | None = about("only items of these connections", "jira")
    project: Texts | None = about("only items of these projects, by key or name", "SHOP", ["SHOP", "PAY"])
    type: Patterns | None = about("types as on screen", "Epic", ["Story", "Bug"])
    status: Patterns | None = about("statuses as on screen", "In Progress")
    priority: Patterns | None = about("priorities as on screen", "P1", ["Blocker", "Critical"])
    component: Patterns | None = about("components (Jira)", "Redemption")
    state: States | None = about("the tracker's own categories of statuses", "done")
    level: Levels | None = about("how high in the hierarchy", "portfolio")
    open: Bool | None = about("true: neither done nor dropped", True)
    area: Patterns | None = about("Azure DevOps area, and all below it", "Shop/Checkout")
    fields: FieldValues | None = about("any other field: what it must hold", {"Severity": ["1 - Critical", "2 - High"]})
    key: Texts | None = about("single items", "SHOP-12", "4711")
    excluded: Selector | None = about("but not these items", {"label": "wontfix"}, alias="not")
    query: Text | None = about("JQL or WIQL; asked at each rescan", "sprint in openSprints()")
    saved_query: Text | None = about(
        "a filter (Jira) or shared query (Azure DevOps; of a tree all items in it) by its name; asked at each rescan"
    )


class Selector(Narrowing):
    """Which items; `label` and `tag` are one thing."""

    label: Patterns | None = about("labels; in Azure DevOps tags, which are one thing", "prod-incident")
    tag: Patterns | None = about("tags; in Jira labels, which are one thing", "live-site")


class WeighedSelector(Selector):
    """Work linked in the file itself, besides what people tag."""

    weight: Number | None = about("how much one of these items counts under `work: weight`", 2, default=1)


class LinkRule(Narrowing):
    """How people tag. The keys of a selector narrow the rule."""

    field: Text | None = about(
        "the field that holds a key result: its name, or objective.name, or its title", "Key Result"
    )
    label: Text | None = about("a label with one *, which stands for the key result", "kr:*")
    tag: Text | None = about("a tag with one *, which stands for the key result", "kr:*")


Narrowing.model_rebuild()
