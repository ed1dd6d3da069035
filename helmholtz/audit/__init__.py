"""What files went through before: kinds, lossy codecs and their rates, and traces of codecs."""
