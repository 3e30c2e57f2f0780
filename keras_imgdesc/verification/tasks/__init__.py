"""How two answers of a task compare."""
