"""From the runs under logs/ to tables, figures, one page, and an answer."""
