"""Facts from elsewhere: what a CI, a script or a file tells of deployments, changes, incidents, builds, tests and numbers.

    shapes      how a fact is written, as JSON: one model a kind, which is also the published schema
    reading     one written fact -> what is kept of it, or why it is refused and what would be right
    receiving   many of them -> the store, each accepted, updated, unchanged, deleted or refused
    meaning     what is kept -> the delivery facts that KPIs read

What production, failure and a false deployment are is not decided here but by the mapping's `delivery` rules, so that a
fact is kept as it was told and means something else after the rules have changed.
"""
