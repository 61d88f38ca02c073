"""What happened in the trackers, what it means for key results, and what to write back.

A webhook walks forward through this package and never back:

1. a verified delivery is committed (`store.inbox`) before the tracker is answered;
2. `ingest` translates it (`trackers.<name>.translate`) into tracker facts and appends marks;
3. `refresh` folds items, finds the key results they reach, measures them, and draws cards;
4. a card that differs from what was written lands in the outbox;
5. `publish` talks to the tracker and records what came of it.

`core` knows what things mean and touches nothing; `store` holds the only SQL; `trackers` the only vendor code.
"""
