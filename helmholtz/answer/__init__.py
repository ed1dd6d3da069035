"""The answer to a user's question within a time budget: which runs to train, and what they show."""
