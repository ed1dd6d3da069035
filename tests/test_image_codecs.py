"""Every image codec: its bits and pixels, its payload, and what it makes of unusual images."""

import io
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from hashlib import sha256
from itertools import pairwise

import cv2
import numpy as np
import pytest
from PIL import Image

from cifar import codecs, image_codecs, prepare
from cifar.codecs import TABLE
from cifar.domain import compress_images
from cifar.sample import make
from helmholtz.errors import DataError

JXL = pytest.mark.skipif(not TABLE["jxl"].extra.present(), reason="imagecodecs is not installed")
NAMES = [pytest.param(name, marks=[JXL] if name == "jxl" else []) for name in TABLE]
every_codec = pytest.mark.parametrize("codec", NAMES, indirect=True)
IMAGES = make("test", 12)[0]


@pytest.fixture
def codec(request):
    return TABLE[request.param]


def results(name, rates, images):
    """A digest of what a codec gives for some images."""
    made = [TABLE[name].compress(image, rate) for rate in rates for image in images]
    digest = sha256(repr([sizes for _, *sizes in made]).encode())
    for decoded, *_ in made:
        digest.update(decoded.tobytes())
    return digest.hexdigest()


@pytest.fixture
def written(monkeypatch):
    """The files that codecs encode, as their decoders are given them."""
    files = []

    def spy(module, name):
        decode = getattr(module, name)

        def recording(file, *arguments, **options):
            files.append(file.getvalue() if isinstance(file, io.BytesIO) else bytes(file))
            return decode(file, *arguments, **options)

        monkeypatch.setattr(module, name, recording)

    spy(cv2, "imdecode")
    spy(Image, "open")
    if TABLE["jxl"].extra.present():
        import imagecodecs

        spy(imagecodecs, "jpegxl_decode")
    return files


@every_codec
def test_the_same_bits_and_pixels_alone_in_threads_in_processes_and_again(codec):
    large = np.kron(IMAGES[:2], np.ones((1, 7, 5, 1), np.uint8))[:, :201, :150]
    work = (codec.name, [codec.rates[0], codec.grid[2], codec.grid[-1]])
    expected = [results(*work, IMAGES), results(*work, large)]
    threads = cv2.getNumThreads()
    try:
        for count in (1, 4):
            cv2.setNumThreads(count)
            for pool in (ThreadPoolExecutor(4), ProcessPoolExecutor(3)):
                with pool:
                    jobs = [pool.submit(results, *work, some) for some in (IMAGES, large) * 2]
                    assert [job.result() for job in jobs] == expected * 2
    finally:
        cv2.setNumThreads(threads)


@every_codec
def test_more_rate_gives_more_bytes_and_less_error_and_is_never_lossless(codec):
    rates = sorted({codec.rates[0], *codec.grid, codec.rates[-1]})
    made = [[codec.compress(image, rate) for image in IMAGES] for rate in rates]
    payloads = [np.mean([payload for *_, payload in some]) for some in made]
    decoded = np.array([[image for image, *_ in some] for some in made], float)
    errors = np.square(decoded - IMAGES).mean(axis=(1, 2, 3, 4))
    assert all(a < b for a, b in pairwise(payloads)), payloads
    assert all(a > b for a, b in pairwise(errors)), errors
    assert errors[-1] > 0.1
    assert all(0 < payload <= file for some in made for _, file, payload in some)


def segments(file):
    """Bytes after the last marker segment of a JPEG file, before its end."""
    place = 2
    while file[place + 1] != 0xDA:
        place += 2 + int.from_bytes(file[place + 2 : place + 4])
    return len(file) - 2 - (place + 2 + int.from_bytes(file[place + 2 : place + 4]))


def webp_chunk(file):
    """What follows the two headers of a simple WebP file, less the byte that makes it even."""
    assert (file[:4], file[8:16]) == (b"RIFF", b"WEBPVP8 ")
    assert int.from_bytes(file[4:8], "little") == len(file) - 8
    odd = file[16] % 2
    assert not odd or file[-1] == 0
    return len(file) - 20 - odd


def av1_units(file):
    """The sum of the open bitstream units (AV1 specification, 5.3) that end the file."""
    start = place = file.index(b"mdat") + 4
    kinds = []
    while place < len(file):
        header = file[place]
        assert header & 0b10000010 == 0b10  # not forbidden, and with a size
        place += 2 if header & 0b100 else 1
        size = shift = 0
        while True:  # LEB128
            size |= (file[place] & 127) << shift
            place, shift = place + 1, shift + 7
            if file[place - 1] < 128:
                break
        kinds.append(header >> 3 & 15)
        place += size
    assert 1 in kinds  # a sequence header
    return place - start


def tile(file):
    """What the header of the only tile of a JPEG 2000 codestream says of its length."""
    assert file.count(b"\xff\x90\x00\x0a") == 1
    start = file.index(b"\xff\x90\x00\x0a")
    length = int.from_bytes(file[start + 6 : start + 10])
    assert start + length == len(file) - 2
    return length - 12 - 2  # its header, and the marker of the start of data


def bare_codestream(file):
    assert file[:2] == b"\xff\x0a"
    return len(file)


READERS = {"jpeg": segments, "jpeg444": segments, "webp": webp_chunk, "avif": av1_units}
READERS |= {"jp2": tile, "jxl": bare_codestream}


@every_codec
def test_the_payload_is_what_another_reading_of_the_format_says(codec, written):
    containers = set()
    for rate in (codec.rates[0], *codec.grid):
        for image in IMAGES:
            _, file_bytes, payload_bytes = codec.compress(image, rate)
            assert len(written[-1]) == file_bytes
            assert payload_bytes == READERS[codec.name](written[-1])
            containers.add(file_bytes - payload_bytes)
    assert max(containers) - min(containers) <= 8  # else it is no container


@every_codec
def test_another_decoder_sees_the_same_image(codec, written):
    decoded, *_ = codec.compress(IMAGES[0], codec.grid[-1])
    if codec.name == "jxl":
        pytest.skip("there is no other decoder")
    if codec.name == "jp2":
        other = cv2.imdecode(np.frombuffer(written[-1], np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    else:
        other = np.asarray(Image.open(io.BytesIO(written[-1])).convert("RGB"))
    assert np.abs(decoded.astype(int) - other).max() <= (2 if codec.name == "avif" else 1)


MODES = {"1": "png", "L": "png", "LA": "png", "P": "png", "RGBA": "webp", "I;16": "tiff"}
MODES |= {"RGB": "bmp", "CMYK": "jpg"}


@every_codec
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (33, 17)])
def test_grey_transparent_deep_tiny_and_odd_images_are_all_compressed(codec, shape, tmp_path):
    rng = np.random.default_rng(0)
    pixels = Image.fromarray(rng.integers(0, 256, (*shape, 4), np.uint8))
    for number, (mode, ending) in enumerate(MODES.items()):
        deep = Image.fromarray(rng.integers(0, 65536, shape, np.uint16))
        image = deep if mode == "I;16" else pixels.convert(mode)
        image.save(tmp_path / f"{number}.{ending}")
    paths, rate = sorted(tmp_path.iterdir()), codec.grid[1]
    for size in (8, 31):
        for made in compress_images(paths, [rate], codec.compress, size)[rate]:
            assert (made.data.shape, made.data.dtype) == ((size, size, 3), np.uint8)
    direct = rng.integers(0, 256, (*shape, 3), np.uint8)
    assert codec.compress(direct, rate)[0].shape == direct.shape


def test_jpeg_2000_reaches_the_decibels_that_it_is_asked_for():
    for rate in TABLE["jp2"].grid:
        errors = [np.square(TABLE["jp2"].compress(i, rate)[0] - i.astype(float)) for i in IMAGES]
        assert abs(10 * np.log10(255**2 / np.mean(errors)) - rate) < 2


@JXL
@pytest.mark.parametrize(("quality", "distance"), [(11, 14.49), (30, 6.4), (50, 4.6), (90, 1.0)])
def test_the_quality_of_jpeg_xl_is_libjxl_s_and_its_distance_at_most_15(quality, distance, written):
    """Above 15 more distance gives more bytes as well as more error."""
    from imagecodecs import jpegxl_encode

    assert quality >= TABLE["jxl"].rates[0] == 11
    TABLE["jxl"].compress(IMAGES[0], quality)
    same = jpegxl_encode(IMAGES[0], distance=distance, effort=5, usecontainer=False)
    assert abs(len(same) - len(written[-1])) <= 1


def test_versions_name_the_codec_and_tell_them_apart():
    versions = [
        codec.version() for codec in TABLE.values() if not codec.extra or codec.name == "avif"
    ]
    assert len(set(versions)) == len(versions)
    assert TABLE["jpeg"].version() == f"opencv {cv2.__version__} JPEG 4:2:0"


@pytest.mark.parametrize(
    ("name", "module", "function", "said"),
    [
        ("avif", cv2, "haveImageWriter", "`pip install --upgrade opencv-python-headless`"),
        ("jxl", codecs, "find_spec", "JPEG XL needs imagecodecs, which is not installed: `sh"),
    ],
)
def test_a_codec_that_this_machine_lacks_is_refused_with_the_command_that_helps(
    name, module, function, said, command, photos, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, function, lambda name: None)
    data = ["--source", photos, "--data_dir", tmp_path]
    code, error = command(prepare.main, *data, "--codec", "webp", name)
    assert (code, said in error) == (4, True), error
    assert not list(tmp_path.iterdir())


def test_every_codec_has_the_rates_at_which_it_is_lossy_and_useful():
    assert {codec.name: (codec.rates[0], codec.rates[-1]) for codec in TABLE.values()} == {
        **{"jpeg": (1, 100), "jpeg444": (1, 100), "webp": (1, 100), "avif": (1, 99)},
        **{"jp2": (20, 50), "jxl": (11, 99)},
    }
    assert "speed 8" in image_codecs.avif_version()
    assert "(3, 6) resolutions" in image_codecs.jp2_version()
    assert (image_codecs.EFFORT, image_codecs.LARGE) == (5, 128)


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif"])
def test_an_image_with_too_many_pixels_a_side_is_told(name):
    with pytest.raises(DataError, match=r"OpenCV cannot write 66,000 x 2 pixels as [.]\w+: make"):
        codecs.TABLE[name].encode(np.zeros((2, 66_000, 3), np.uint8), 50)
