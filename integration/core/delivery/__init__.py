"""What tracker facts mean for delivery: deployments, changes, incidents, and what blames which on which.

Nothing here knows YAML, a database or a tracker. Tracker facts and the mapping's rules come in, `DeliveryFact`s go out
(design section 4.3); KPIs read these and nothing else.
"""
