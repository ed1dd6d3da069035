"""What the recipes of networks that learn quickly share: schedule, optimizer and loss."""

from argparse import Namespace
from dataclasses import replace

import keras
from keras import ops

from helmholtz.domain import Domain, Recipe

WARM_UP = 0.2  # of all steps, in which the learning rate rises
MOMENTUM = 0.9
SMOOTHING = 0.2  # of the labels
WEIGHT_DECAY = 0.004  # of AdamW, as Keras has it


class Triangle(keras.optimizers.schedules.LearningRateSchedule):
    """Rises from near 0 to the peak over the first WARM_UP of all steps, then falls to 0.

    The last step is taken at peak / (steps that fall), and the rate after it is 0.
    """

    def __init__(self, peak: float, steps: int):
        self.peak, self.steps = peak, steps
        self.rising = max(1, round(WARM_UP * steps))

    def __call__(self, step):
        step = ops.cast(step, "float32")
        rise = (step + 1) / self.rising
        fall = (self.steps - step) / max(1, self.steps - self.rising + 1)
        return self.peak * ops.clip(ops.minimum(rise, fall), 0.0, 1.0)

    def get_config(self) -> dict:
        return {"peak": self.peak, "steps": self.steps}


def nesterov(args: Namespace, steps: int, weight_decay: float) -> keras.optimizers.Optimizer:
    """SGD with Nesterov momentum whose learning rate is 0 after so many steps.

    Weight decay is decoupled: a step takes learning rate * weight_decay of every weight.
    """
    rate = Triangle(args.learning_rate, steps)
    return keras.optimizers.SGD(rate, momentum=MOMENTUM, nesterov=True, weight_decay=weight_decay)


def smoothed_crossentropy(labels, probabilities):
    """Cross-entropy with SMOOTHING of every label spread over all classes.

    labels: integers, batch. probabilities: float32, batch x classes. Gives float32, batch.
    """
    classes = probabilities.shape[-1]
    wanted = ops.one_hot(ops.reshape(ops.cast(labels, "int32"), (-1,)), classes)
    return keras.losses.categorical_crossentropy(wanted, probabilities, label_smoothing=SMOOTHING)


def default(domain: Domain) -> Recipe:
    """That of networks that bring none: the one of `quick`, with an optimizer that suits most."""
    quick = domain.networks["quick"].recipe
    flags = quick.flags | {"learning_rate": 0.001, "precision": "float32"}
    return replace(quick, flags=flags, optimizer=_adamw, initialise=None)


def _adamw(args: Namespace, steps: int) -> keras.optimizers.Optimizer:
    return keras.optimizers.AdamW(Triangle(args.learning_rate, steps), weight_decay=WEIGHT_DECAY)
