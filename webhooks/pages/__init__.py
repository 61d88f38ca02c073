"""Pages to look at. Until people can sign in, only the demo shows them, on loopback."""
