"""Sound: what MP3 compression does to six convolutional networks on guitar effects."""
