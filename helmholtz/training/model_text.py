"""Text summaries of networks, as Keras prints them."""

from pathlib import Path

import keras

from helmholtz.io.files import write_text


def write(folder: Path, build_model, names) -> None:
    """Write <folder>/<parameters>_<model>.txt for every name, and print the paths."""
    for name in names:
        keras.utils.clear_session()  # so that layers are numbered from the start
        model = build_model(name)
        path = folder / f"{model.count_params()}_{name}.txt"
        write_text(path, text(model))
        print(path)


def text(model: keras.Model) -> str:
    """The summary that Keras prints, 80 columns wide, without its styling."""
    lines = []
    model.summary(print_fn=lines.append, line_length=80)
    return "\n".join(lines) + "\n"
