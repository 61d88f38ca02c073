"""The tables of other tools, through their definitions in our language: what is the same, and what is not, and why."""
