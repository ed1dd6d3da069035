"""A user's own files, compressed as decided, in the same tree elsewhere."""
