"""The augmentation of training clips of the quick networks: shifted in time, and masked."""

import keras
from keras import ops

from audio.constants import MASK, TIME_SHIFT


class ShiftAndMask(keras.layers.Layer):
    """Shift clips in time, and hide a band of mels and a stretch of frames, in training only.

    Takes and gives float32 spectrograms, batch x mels x frames x channels. The shift is a whole
    number of frames up to TIME_SHIFT of the clip, with frames at the edge repeated. What is hidden,
    at most MASK of the mels and of the frames, becomes the mean of the clip.
    """

    def __init__(self, seed: int = 0, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, clips, training=False):
        if not training:
            return clips
        _, mels, frames, _ = clips.shape
        count = ops.shape(clips)[0]
        draws = keras.random.uniform((5, count), seed=self.seed_generator)
        shift = ops.round((2 * draws[0] - 1) * TIME_SHIFT * frames)
        mean = ops.mean(clips, axis=(1, 2, 3), keepdims=True)
        hidden = ops.logical_or(
            _band(draws[1], draws[2], mels)[:, :, None, None],
            _band(draws[3], draws[4], frames)[:, None, :, None],
        )
        return ops.where(hidden, mean, _shifted(clips, shift))


def _shifted(clips, frames):
    """Clips of which each begins some frames later; frames: float32, batch, whole numbers."""
    size = clips.shape[2]
    source = ops.clip(ops.arange(size, dtype="float32") - frames[:, None], 0, size - 1)
    source = ops.cast(source, "int32")[:, None, :, None]
    return ops.take_along_axis(clips, ops.broadcast_to(source, ops.shape(clips)), axis=2)


def _band(place, width, size: int):
    """bool, batch x size: a band of up to MASK of the size; place and width are from 0 to 1."""
    wide = width * MASK * size
    start = (place * (size - wide))[:, None]
    grid = ops.arange(size, dtype="float32")
    return ops.logical_and(grid >= start, grid + 1 <= start + wide[:, None])
