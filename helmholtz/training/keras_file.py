"""The architecture in a .keras file, rebuilt only from layers on a list: no code comes from it."""

import io
import json
import zipfile

from helmholtz.errors import UsageError
from helmholtz.own_network import Own
from helmholtz.text import printable, shown

MAX_BYTES = 16 << 20  # of config.json
LAYERS = """
Activation ActivityRegularization Add AlphaDropout Attention AdditiveAttention Average
AveragePooling1D AveragePooling2D BatchNormalization Bidirectional CenterCrop Concatenate Conv1D
Conv1DTranspose Conv2D Conv2DTranspose Cropping1D Cropping2D Dense DepthwiseConv1D DepthwiseConv2D
Dot Dropout ELU EinsumDense Flatten GRU GRUCell GaussianDropout GaussianNoise
GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D
GroupNormalization GroupQueryAttention Identity InputLayer LSTM LSTMCell LayerNormalization
LeakyReLU MaxPooling1D MaxPooling2D Maximum Minimum MultiHeadAttention Multiply Normalization PReLU
Permute RMSNormalization RNN RandomBrightness RandomContrast RandomCrop RandomErasing RandomFlip
RandomGrayscale RandomHue RandomInvert RandomRotation RandomSaturation RandomShear
RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing SeparableConv1D
SeparableConv2D SimpleRNN SimpleRNNCell Softmax SpatialDropout1D SpatialDropout2D
SpectralNormalization StackedRNNCells Subtract TimeDistributed UnitNormalization UpSampling1D
UpSampling2D ZeroPadding1D ZeroPadding2D
"""
INITIALIZERS = """
Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones
Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros
"""
ALLOWED = {  # classes by the module that the file may name with them
    "keras.layers": set(LAYERS.split()),
    "keras.initializers": set(INITIALIZERS.split()),
    "keras.regularizers": {"L1", "L2", "L1L2"},
    "keras.constraints": {"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"},
    "keras": {"DTypePolicy", "Sequential", "Model", "Functional"},
    "keras.models": {"Sequential", "Model", "Functional"},
    "keras.src.models.functional": {"Functional"},
}
PLAIN = {"__keras_tensor__"}  # stands for the output of a layer
UNREAD = ("compile_config",)  # optimizer and loss are ours


def build(own: Own):
    """The network of a .keras file, untrained. Raises UsageError for what is not on the list."""
    import keras

    return keras.saving.deserialize_keras_object(read_config(own), safe_mode=True)


def read_config(own: Own) -> dict:
    """The checked config.json of the file; its weights are not read."""
    name = shown(own.path)
    try:
        with zipfile.ZipFile(io.BytesIO(own.source)) as archive:
            if archive.getinfo("config.json").file_size > MAX_BYTES:
                raise ValueError("its config.json is too large")
            with archive.open("config.json") as file:
                config = json.loads(file.read(MAX_BYTES + 1))
        checked = _checked(config, name)
    except (KeyError, ValueError, RuntimeError, RecursionError, NotImplementedError, OSError,
            zipfile.BadZipFile) as error:  # fmt: skip
        said = printable(" ".join(str(error).split()))[:200]
        raise UsageError(f"{name} is not a .keras file as Keras 3 writes it ({said}).") from None
    if not isinstance(checked, dict) or checked.get("class_name") not in ALLOWED["keras"]:
        raise UsageError(f"{name} does not hold a Sequential or Functional network.")
    return checked


def _checked(value, name: str):
    """value without what is not read; UsageError for a class that is not on the list."""
    if isinstance(value, list):
        return [_checked(one, name) for one in value]
    if not isinstance(value, dict):
        return value
    if "class_name" in value:
        _check_class(value, name)
    return {key: _checked(one, name) for key, one in value.items() if key not in UNREAD}


def _check_class(value: dict, name: str) -> None:
    kind, module = value["class_name"], value.get("module")
    registered = value.get("registered_name")
    known = isinstance(kind, str) and (
        kind in PLAIN or (isinstance(module, str) and kind in ALLOWED.get(module, ()))
    )
    if not known or registered not in (None, kind):
        raise UsageError(
            f"{name} holds {printable(str(kind))[:80]}, which is not on the list of layers that "
            "a .keras file may have: give FILE.py:FUNCTION."
        )
