"""Simulated Jira and Azure DevOps: small stateful HTTP servers for the demo and the tests.

Each keeps work items, history and links, sends the webhooks its vendor sends, and refuses what it does not model.
They import nothing of the service, so that what they accept is the vendor's contract as documented and recorded, not
what we happen to send. Behaviours carry their source: [doc] the vendor's documentation, [rec] recorded traffic,
[3p] others' experience, [inf] inference.

`server` runs an application on loopback, `faults` makes it answer badly on request, `deliveries` sends (or loses,
repeats, reorders) its webhooks, `control` offers both over HTTP under `/_simulator/`.
"""
