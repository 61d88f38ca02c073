"""KPIs as a file says them -> KPIs of the core: on top of presets and defaults, as one sentence each, judged as a whole."""
