"""Train a network on prepared data: one run, from its flags to its result."""
