"""A classifier that is not ours: a program that reads files and names their classes."""
