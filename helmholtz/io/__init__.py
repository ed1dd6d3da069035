"""Files of a run and of prepared data: written whole, read with care."""
