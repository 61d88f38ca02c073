"""KPIs as people and programs look at them: measured from wherever their facts are, and opened down to single facts.

source      where facts are: what a look asks of them
file        a file of pushed facts, read alone; needs no database
database    what was kept and derived by the mapping in force
looks       a KPI now, before, in groups and over a calendar
traced      the facts that a measurement counted, and those that it left out
guardrails  what must hold while an objective is pursued, and since when it does not
as_json     all of these for programs
"""
