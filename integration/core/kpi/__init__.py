"""KPIs: the language they are written in, as types, and how facts become numbers (`kpi-language.md`)."""
