"""Layers as they were published, to compare with what Keras says of a network."""

ESSENTIALS = [
    *("filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", "pool_size"),
    *("units", "activation", "use_bias", "kernel_initializer", "rate", "axis", "momentum"),
    *("epsilon", "alpha", "negative_slope", "max_value", "threshold"),
]


def told(network) -> list[dict]:
    """The kind of every layer and what it is set to, where that changes what it computes."""
    return [{"kind": type(x).__name__, **_settings(x.get_config())} for x in network.layers]


def _settings(config: dict) -> dict:
    found = {name: config[name] for name in ESSENTIALS if config.get(name) is not None}
    return {k: v["class_name"] if isinstance(v, dict) else v for k, v in found.items()}


def told_all(network) -> list[dict]:
    """As told, with what batch normalization and rescaling have besides."""
    more = ("scale", "offset", "center", "trainable")
    return [
        one | {name: config[name] for name in more if name in config}
        for one, config in zip(told(network), (x.get_config() for x in network.layers), strict=True)
    ]


def normed(momentum, scale=True, center=True, epsilon=1e-3, axis=-1) -> dict:
    told = {"kind": "BatchNormalization", "axis": axis, "momentum": momentum, "epsilon": epsilon}
    return told | {"scale": scale, "center": center, "trainable": True}


def plain_conv(filters, size=3, stride=1, padding="same", trainable=True) -> dict:
    """Without bias and activation, as told_all tells it."""
    made = conv(filters, size, "linear", stride, padding)
    return made | {"use_bias": False, "trainable": trainable}


def pool(kind, size, padding) -> dict:
    sides = {"pool_size": size, "strides": size, "padding": padding}
    return {"kind": kind, **sides, "trainable": True}


def rescaling(scale, offset=0.0) -> dict:
    return {"kind": "Rescaling", "scale": scale, "offset": offset, "trainable": True}


RELU = {"kind": "ReLU", "negative_slope": 0.0, "threshold": 0.0, "trainable": True}


def conv(filters, size=3, activation="relu", stride=1, padding="same") -> dict:
    sides = {"kernel_size": (size, size), "strides": (stride, stride), "padding": padding}
    plain = {"dilation_rate": (1, 1), "groups": 1}
    return {"kind": "Conv2D", "filters": filters, **sides, **plain, **_weights(activation)}


def dense(units, activation) -> dict:
    return {"kind": "Dense", "units": units, **_weights(activation)}


def _weights(activation) -> dict:
    initial = "GlorotUniform"
    return {"activation": activation, "use_bias": True, "kernel_initializer": initial}


def dropout(rate) -> dict:
    return {"kind": "Dropout", "rate": rate}


FLATTEN = {"kind": "Flatten"}
SOFTMAX = {"kind": "Activation", "activation": "softmax"}
