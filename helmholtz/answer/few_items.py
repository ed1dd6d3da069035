"""The recipe of a network for fewer items than it was made for."""

import math

STEPS = 400  # that a network needs at least
BATCHES = 40  # of an epoch, of few items
LEAST = 16  # items of a batch


def fitted(recipe: dict, items: int) -> dict:
    """Flags of a recipe, changed for so many training items: batch size, epochs, learning rate.

    recipe: the flags of a network that learns quickly, made for tens of thousands of items. A
    smaller batch and more epochs give STEPS steps; the learning rate follows the root of the batch
    size. Empty where the recipe does as it is.
    """
    batch = min(recipe["batch_size"], max(LEAST, 2 ** round(math.log2(items / BATCHES))))
    epochs = max(recipe["num_epoch"], math.ceil(STEPS * batch / items))
    rate = recipe["learning_rate"] * math.sqrt(batch / recipe["batch_size"])
    found = {"batch_size": batch, "num_epoch": epochs, "learning_rate": float(f"{rate:.2g}")}
    return {} if found == {name: recipe[name] for name in found} else found
