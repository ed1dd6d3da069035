"""From a source of items to prepared data, and from these to the parts that train and test."""
