"""The architecture in a .keras file, rebuilt only from layers on a list: no code comes from it."""

import io
import json
import zipfile

import keras

from helmholtz.errors import UsageError
from helmholtz.own_network import Own
from helmholtz.text import printable, shown

MAX_BYTES = 16 << 20  # of config.json
LAYERS = """
Activation Add AlphaDropout Attention Average AveragePooling1D AveragePooling2D BatchNormalization
Bidirectional CenterCrop Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Cropping1D
Cropping2D Dense DepthwiseConv1D DepthwiseConv2D Dropout ELU EinsumDense Flatten GRU
GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D
GlobalMaxPooling2D GroupNormalization Identity InputLayer LSTM LayerNormalization LeakyReLU
MaxPooling1D MaxPooling2D Maximum Minimum MultiHeadAttention Multiply Normalization PReLU Permute
RMSNormalization RandomFlip RandomRotation RandomTranslation RandomZoom ReLU RepeatVector Rescaling
Reshape Resizing SeparableConv1D SeparableConv2D SimpleRNN Softmax SpatialDropout1D
SpatialDropout2D Subtract TimeDistributed UnitNormalization UpSampling1D UpSampling2D
ZeroPadding1D ZeroPadding2D
"""
INITIALIZERS = """
Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones
Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros
"""
NETWORKS = {"Sequential", "Model", "Functional"}
ALLOWED = {  # classes by the module that the file may name with them
    "keras.layers": set(LAYERS.split()),
    "keras.initializers": set(INITIALIZERS.split()),
    "keras.regularizers": {"L1", "L2", "L1L2"},
    "keras.constraints": {"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"},
    "keras": {"DTypePolicy", *NETWORKS},
    "keras.models": NETWORKS,
    "keras.src.models.functional": {"Functional"},
}
TENSOR = "__keras_tensor__"  # stands for the output of a layer


def build(own: Own) -> keras.Model:
    """The network of a .keras file, untrained. Raises UsageError for what is not on the list."""
    return keras.saving.deserialize_keras_object(read_config(own), safe_mode=True)


def read_config(own: Own) -> dict:
    """The checked config.json of the file; its weights are not read."""
    name = shown(own.path)
    try:
        with zipfile.ZipFile(io.BytesIO(own.source)).open("config.json") as file:
            checked = _checked(json.loads(file.read(MAX_BYTES)), name)
    except (KeyError, ValueError, RuntimeError, OSError, zipfile.BadZipFile) as error:
        said = printable(" ".join(str(error).split()))[:200]
        raise UsageError(f"{name} is not a .keras file as Keras 3 writes it ({said}).") from None
    if not isinstance(checked, dict) or checked.get("class_name") not in NETWORKS:
        raise UsageError(f"{name} does not hold a Sequential or Functional network.")
    return checked


def _checked(value, name: str):
    """The value without optimizer and loss; UsageError for a class that is not on the list."""
    if isinstance(value, list):
        return [_checked(one, name) for one in value]
    if not isinstance(value, dict):
        return value
    kind, allowed = value.get("class_name"), ALLOWED.get(str(value.get("module")), set())
    listed = str(kind) == TENSOR or str(kind) in allowed
    if "class_name" in value and not (listed and value.get("registered_name") in (None, kind)):
        raise UsageError(
            f"{name} holds {printable(str(kind))[:80]}, which is not on the list of layers that "
            "a .keras file may have: give FILE.py:FUNCTION."
        )
    return {key: _checked(one, name) for key, one in value.items() if key != "compile_config"}
