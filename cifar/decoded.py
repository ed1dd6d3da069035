"""What a codec leaves of an image, as a file."""

import io

from PIL import Image


def png(image, rate: int, compress) -> tuple:
    """An image, an array or a path, after a codec, as a PNG file; and the sizes that schema.SIZES
    names. compress: of Domain.compressor."""
    prepared = compress([image], [rate])[rate][0]
    file = io.BytesIO()
    Image.fromarray(prepared.data).save(file, "PNG")
    return file.getvalue(), prepared[1:5]
