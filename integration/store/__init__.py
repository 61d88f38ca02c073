"""The only SQL: tables, their migrations, and the questions that the rest asks of them, on SQLite and PostgreSQL alike."""
