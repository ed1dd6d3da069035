"""The facts of the sound experiment, each stated once. Pure data: imports nothing."""

# The twelve classes of IDMT-SMT-Audio-Effects, and the parts of the archive that hold them.
CLASS_FOLDERS = {
    "Gitarre monophon": ["Chorus", "Distortion", "EQ", "FeedbackDelay", "Flanger", "NoFX"],
    "Gitarre monophon2": ["Overdrive", "Phaser", "Reverb", "SlapbackDelay", "Tremolo", "Vibrato"],
}
LABELS = [label for labels in CLASS_FOLDERS.values() for label in labels]  # in order of name
BITRATES = [8, 16, 32, 64, 96, 128, 160]  # kb/s, the published sweep; 0 is uncompressed
LEGAL_BITRATES = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
# Sampling rates of MP3 in Hz, and the highest bitrate at each in kb/s: MPEG 2.5, 2 and 1.
MP3_HIGHEST = dict.fromkeys([8000, 11025, 12000], 64)
MP3_HIGHEST |= dict.fromkeys([16000, 22050, 24000], 160)
MP3_HIGHEST |= dict.fromkeys([32000, 44100, 48000], 320)
OPUS_RATE = 48000  # Hz, at which Opus encodes
OPUS_PER_CHANNEL = 6, 256  # kb/s, lowest and highest
HIGHEST_RATE = max(MP3_HIGHEST)  # Hz, at which sound is encoded
AAC_LOWEST = 16  # kb/s and channel: asked for less, the encoder gives as much
AAC_BITS = 6  # a sample, the most that the format allows
OPUS_BITRATES = [8, 12, 16, 24, 32, 48, 64, 96, 128]
AAC_BITRATES = [32, 48, 64, 96, 128]
SAMPLE_RATE = 44100  # Hz, of the published data and of the sample

# How sound becomes spectrograms. dur is in seconds; None is the length of the longest clip.
# resample is in Hz; None is the sampling rate of the files.
FEATURES = {"mono": False, "dur": None, "mels": 96, "resample": None, "phase": False}
N_FFT = 2048  # samples, at SAMPLE_RATE
SHAPE = (96, 173, 1)  # mels, frames and channels of a clip of 2 s

# The networks in the order of --setting: convolutional blocks after the stem, and the sizes of
# the dense layers.
ARCHITECTURES = {
    "cnn_x3_mlp_0": {"blocks": 3, "dense": []},
    "cnn_x4_mlp_128": {"blocks": 4, "dense": [128]},
    "cnn_x3_mlp_64_128": {"blocks": 3, "dense": [64, 128]},
    "cnn_x3_mlp_128": {"blocks": 3, "dense": [128]},
    "cnn_x3_mlp_128x2": {"blocks": 3, "dense": [128, 128]},
    "cnn_x2_mlp_128": {"blocks": 2, "dense": [128]},
}
TRAINING = {"batch_size": 50, "num_epoch": 200, "learning_rate": 1.0}
RHO = 0.95  # of Adadelta
# Further networks, which learn in a minute: the widths of their first convolution and of their
# groups, and their recipes.
QUICK = {"quick": [16, 32, 64], "strong": [32, 64, 128, 256]}
QUICK_TRAINING = {
    name: {"batch_size": 32, "num_epoch": epochs, "learning_rate": 0.1}
    | {"val": 0, "precision": "bfloat16"}
    for name, epochs in (("quick", 20), ("strong", 40))
}
WEIGHT_DECAY = 5e-3
TIME_SHIFT = 0.1  # largest shift of their augmentation, as a share of a clip
MASK = 0.1  # share of the mels, and of the frames, that it hides at most
VAL = 0.25  # share of the training split held out for validation

ARCHIVE = {
    "title": "IDMT-SMT-Audio-Effects",
    "name": "IDMT-SMT-AUDIO-EFFECTS.zip",
    "urls": ["https://zenodo.org/record/7544032/files/IDMT-SMT-AUDIO-EFFECTS.zip?download=1"],
    "bytes": None,  # about 6.5 GB
    "hash": "md5:91e845a1b347352993ebd5ba948d5a7c",
    "licence": "IDMT-SMT-Audio-Effects (Michael Stein, Fraunhofer IDMT, "
    "https://doi.org/10.5281/zenodo.7544032) is licensed CC BY-NC-ND 4.0: "
    "not for commercial use, and nothing derived from it may be passed on.",
}
