"""What the real train.py compiles: optimizer, schedule, loss, and what comes before the network."""

import json

import keras
import numpy as np
import pytest
import soundfile
from PIL import Image

from audio import train as audio_train
from cifar import train as cifar_train


class Compiled(Exception):
    """Stops train.py when it has compiled its model, which it carries."""


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Two classes of five images, and of five sounds."""
    folder, rng = tmp_path_factory.mktemp("few"), np.random.default_rng(0)
    for i in range(10):
        for domain in ("cifar", "audio"):
            (folder / domain / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "cifar" / "ab"[i % 2] / f"{i}.png")
        soundfile.write(
            folder / "audio" / "ab"[i % 2] / f"{i}.wav", rng.normal(0, 0.1, 9000), 44100
        )
    return folder


@pytest.fixture
def compiled(sources, tmp_path_factory, monkeypatch):
    """The model that train.py compiles when it is given some flags."""
    compile_model = keras.Model.compile

    def stop(self, *arguments, **options):
        compile_model(self, *arguments, **options)
        raise Compiled(self)

    def run(main, *flags):
        source = sources / ("cifar" if main is cifar_train.main else "audio")
        monkeypatch.setattr(keras.Model, "compile", stop)
        folder = tmp_path_factory.mktemp("run")
        with pytest.raises(Compiled) as stopped:
            main([*flags, "--source", str(source), "--log_dir", str(folder)])
        monkeypatch.setattr(keras.Model, "compile", compile_model)
        return stopped.value.args[0]

    return run


# Batches of two items, so that a step is less than an epoch.
IMAGE = (cifar_train.main, "--size", "16", "--quality", "0", "--batch_size", "2")
SOUND = (audio_train.main, "--mels", "48", "--dur", "0.6", "--bitrate", "0", "--batch_size", "2")
PLAIN = {  # of any optimizer: nothing that would change its steps
    "weight_decay": None,
    "clipnorm": None,
    "global_clipnorm": None,
    "clipvalue": None,
    "use_ema": False,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}


def optimizer_of(model):
    config = model.optimizer.get_config()
    return type(model.optimizer).__name__, {k: v for k, v in config.items() if k != "name"}


def close(value):
    return pytest.approx(value, rel=1e-6)  # as a float32 holds it


def test_images_are_trained_with_nesterov_and_a_rate_that_decays_by_the_step(compiled):
    kind, config = optimizer_of(compiled(*IMAGE))
    schedule = config.pop("learning_rate")
    assert schedule["class_name"] == "InverseTimeDecay"
    wanted = {"initial_learning_rate": 0.01, "decay_steps": 1, "decay_rate": 1e-6}
    assert schedule["config"] == {**wanted, "staircase": False, "name": "InverseTimeDecay"}
    ema = {"ema_momentum": 0.99, "ema_overwrite_frequency": None}
    assert (kind, config) == ("SGD", {"momentum": 0.9, "nesterov": True, **PLAIN, **ema})


def test_sounds_are_trained_with_the_adadelta_of_2018(compiled):
    kind, config = optimizer_of(compiled(*SOUND))
    assert kind == "Adadelta"
    assert config["learning_rate"] == close(1)
    assert (config["rho"], config["epsilon"]) == (0.95, 1e-7)
    assert {name: config[name] for name in PLAIN} == PLAIN


def test_flags_reach_the_optimizer(compiled):
    flags = ("--learning_rate", "0.03", "--decay_rate", "0.5")
    rate = compiled(*IMAGE, *flags).optimizer.get_config()["learning_rate"]["config"]
    assert (rate["initial_learning_rate"], rate["decay_rate"]) == (0.03, 0.5)
    model = compiled(*SOUND, "--learning_rate", "0.2")
    assert model.optimizer.get_config()["learning_rate"] == close(0.2)


@pytest.mark.parametrize("half", [IMAGE, SOUND])
def test_the_loss_is_cross_entropy(compiled, half):
    assert compiled(*half).loss == "sparse_categorical_crossentropy"


def before_network(model, training):
    """What the network gets of every item."""
    before = keras.Sequential([keras.Input((), dtype="int32"), *model.layers[:-1]])
    return np.asarray(before(np.arange(10, dtype=np.int32), training=training))


def test_images_are_scaled_to_1_and_augmented_in_training_only(compiled, sources):
    model = compiled(*IMAGE)
    images = [np.asarray(Image.open(path)) for path in sorted(sources.glob("cifar/*/*.png"))]
    expected = np.sort(np.stack(images).astype(np.float32) / 255, axis=0)
    judged = before_network(model, training=False)
    np.testing.assert_allclose(np.sort(judged, axis=0), expected, atol=1e-6)
    seen = before_network(model, training=True)
    assert (np.abs(seen - judged).mean(axis=(1, 2, 3)) > 0.01).sum() >= 9
    assert [type(layer).__name__ for layer in model.layers[:-1]][-1] == "ShiftAndFlip"


def test_sounds_are_neither_scaled_nor_augmented(compiled):
    model = compiled(*SOUND)
    judged = before_network(model, training=False)
    assert judged.dtype == np.float32
    assert -80 < judged.min() < judged.max() < 80
    assert judged.max() - judged.min() > 20  # decibels as they are
    np.testing.assert_array_equal(before_network(model, training=True), judged)


@pytest.mark.parametrize("half", [IMAGE, SOUND])
def test_bfloat16_is_for_the_network_and_not_for_its_weights_or_its_softmax(compiled, half):
    network = compiled(*half, "--precision", "bfloat16").layers[-1]
    *inner, softmax = network.layers
    assert {layer.compute_dtype for layer in inner} == {"bfloat16"}
    assert {variable.dtype for variable in network.trainable_variables} == {"float32"}
    assert (softmax.compute_dtype, type(softmax).__name__) == ("float32", "Activation")
    network = compiled(*half).layers[-1]
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}


@pytest.mark.parametrize("half", [IMAGE, SOUND])
def test_the_seed_chooses_the_first_weights(compiled, half):
    first, again, other = (
        compiled(*half, "--seed", seed).layers[-1].get_weights()[0] for seed in ("3", "3", "4")
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


@pytest.mark.parametrize(
    ("half", "names"),
    [
        (IMAGE, ["all-cnns", "cnns-dense-64", "all-cnnsx2", "cnns-x2-dense-128"]),
        (SOUND, ["cnn_x3_mlp_0", "cnn_x4_mlp_128", "cnn_x3_mlp_64_128", "cnn_x3_mlp_128"]),
    ],
)
def test_setting_and_model_choose_the_network(compiled, half, names):
    assert compiled(*half).layers[-1].name == names[0]
    assert compiled(*half, "--setting", "3").layers[-1].name == names[3]
    assert compiled(*half, "--model", names[2]).layers[-1].name == names[2]


def test_an_accuracy_on_items_that_chose_the_epoch_is_not_called_test_accuracy(sources, tmp_path):
    main, *flags = IMAGE
    source = ["--source", str(sources / "cifar"), "--log_dir", str(tmp_path)]
    main([*flags, *source, "--num_epoch", "1"])
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["train_items"], result["val_items"]) == (8, 2)
    assert (result["validated_on"], result["test_acc"]) == ("test split", None)
