"""What the image half and the sound half of the project do in exactly the same way."""
