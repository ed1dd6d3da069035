"""What the image half and the sound half of the project share."""
