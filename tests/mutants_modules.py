"""Which modules are mutated, and the tests that have to notice: by group and module.

The tests are pytest's arguments, the quickest first; -k leaves out those that take long and are
about something else.
"""

ALONE = "not processes and not prepares"
MADE_UP = '-k "not sample and not earlier_table"'
GROUPS = {
    "image codecs": {
        "cifar/jpeg.py": f'tests/test_jpeg.py tests/test_image_codecs.py -k "{ALONE}"',
        "cifar/image_codecs.py": f'tests/test_image_codecs.py -k "{ALONE}"',
        "cifar/codecs.py": f'tests/test_image_codecs.py -k "{ALONE}"',
        "helmholtz/codec.py": "tests/test_codec_flags.py tests/test_sound_codecs.py -k "
        '"(flags and not data_of_one_codec) or rate_that or refuses"',
    },
    "sound codecs": {
        "audio/mp3.py": f'tests/test_audio_codec.py tests/test_sound_codecs.py -k "{ALONE} and not '
        '(opus or aac)"',
        "audio/opus.py": f'tests/test_sound_codecs.py -k "opus and {ALONE}"',
        "audio/aac.py": f'tests/test_sound_codecs.py -k "aac and {ALONE}"',
        "audio/samples.py": "tests/test_audio_codec.py tests/test_sound_codecs.py -k "
        f'"{ALONE} and not (opus or aac)"',
        "audio/codecs.py": 'tests/test_sound_codecs.py -k "rate_that or refuses or without"',
    },
    "features of sound": {"audio/features.py": "tests/test_audio_features.py"},
    "networks": {
        "cifar/models.py": 'tests/test_networks.py -k "not audio"',
        "audio/models.py": 'tests/test_networks.py -k "not cifar"',
        "cifar/quick.py": 'tests/test_quick.py -k "network or whiten or handing or airbench"',
        "audio/quick.py": 'tests/test_quick_sound.py -k "takes"',
    },
    "augmentation": {
        "cifar/augment.py": 'tests/test_augment.py tests/test_quick.py -k "not jax and '
        '(augment or mirror)"',
        "audio/augment.py": 'tests/test_quick_sound.py -k "shifted or band or later"',
    },
    "statistics": {
        "helmholtz/analysis/statistics.py": "tests/test_statistics.py",
        "helmholtz/analysis/compare.py": "tests/test_compare.py",
        "helmholtz/analysis/measure.py": f"tests/test_noise.py {MADE_UP}",
        "helmholtz/analysis/summary.py": f"tests/test_noise.py tests/test_items.py {MADE_UP}",
        "helmholtz/analysis/by_class.py": f"tests/test_items.py {MADE_UP}",
    },
    "splits": {
        "helmholtz/data/splits.py": "tests/test_training.py",
        "helmholtz/data/folds.py": "tests/test_training.py",
    },
    "training": {
        "helmholtz/training/loop.py": "tests/test_loop.py tests/test_cifar_train.py -k "
        '"test_loop or worse or steps"',
        "helmholtz/training/checkpoints.py": "tests/test_loop.py tests/test_cifar_train.py -k "
        '"worse or saving or two_checkpoints or damaged_checkpoint"',
        "helmholtz/training/result.py": 'tests/test_loop.py -k "result"',
        "helmholtz/training/model.py": "tests/test_experiment_seeds.py",
        "helmholtz/training/recipes.py": 'tests/test_quick.py -k "rises or decay or optimizers"',
        "helmholtz/training/launches.py": 'tests/test_launches.py -k "not (jax-64 or tensorflow)"',
        "helmholtz/training/feed.py": 'tests/test_feed.py -k "batch or gets or enter"',
    },
}

# Survivors that behave as the code does, by module and changed line, and why.
SPEED, STATE = "another speed, the same result", "training sets the state from seed and epoch"
ALIKE = "the same for all runs of an experiment"
EQUAL = {
    (
        "cifar/image_codecs.py",
        "return jpegxl_encode(image, level=quality, effort=EFFORT, usecontainer=False, "
        "numthreads= 2)",
    ): SPEED,
    (
        "cifar/jpeg.py",
        "header_bytes = 2 + int.from_bytes(file[header + 3 : header + 4])",
    ): "the header of a scan is shorter than 256 bytes",
    (
        "helmholtz/training/recipes.py",
        "fall = (self.steps - step) / max( 0, self.steps - self.rising + 1)",
    ): "the other is never below 1",
    ("audio/aac.py", "return pcm.reshape(- 2, samples.size // len(samples))"): "as numpy takes -2",
    ("audio/features.py", "BLOCK = 31  # frames that fit the processor's cache"): SPEED,
    ("audio/features.py", "BLOCK = 33  # frames that fit the processor's cache"): SPEED,
    **{
        (
            "cifar/quick.py",
            f"kernel[kernel.shape[{rows}] // 2, kernel.shape[{columns}] // 2, "
            "range(passed), range(passed)] = 1",
        ): "kernels are square"
        for rows, columns in ((" 1", "1"), ("0", " 0"))
    },
    (
        "helmholtz/analysis/statistics.py",
        "return _floats(over_seeds_and_items(values, sample, items=scores[ -1].items).ends())",
    ): ALIKE,
    ("cifar/augment.py", "def __init__(self, seed: int = -1, **kwargs):"): STATE,
    ("cifar/augment.py", "def __init__(self, seed: int = 1, **kwargs):"): STATE,
    ("audio/augment.py", "def __init__(self, seed: int = -1, **kwargs):"): STATE,
    ("audio/augment.py", "def __init__(self, seed: int = 1, **kwargs):"): STATE,
    (
        "helmholtz/analysis/compare.py",
        "published = domains.of(pairs[ 1][0].key).published",
    ): "all pairs are of one network",
    (
        "helmholtz/data/splits.py",
        "return np.random.default_rng(SPLIT_SEED).permutation(len(data.splits[split][ 0]))[:limit]",
    ): "there are as many labels as items",
}
