"""The command predict.py of both halves: single files, classified by a finished run."""

from argparse import Namespace
from pathlib import Path

from helmholtz import cli, flags
from helmholtz.domain import Domain


def parse_args(domain: Domain, description: str, argv=None) -> Namespace:
    """The flags of predict.py."""
    parser = cli.Parser(prog="predict.py", description=description)
    add = parser.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help=f"files, an {domain.item} each")
    add("--log_dir", type=Path, required=True, help="the folder of a finished run")
    flags.add_own_model_flag(parser)
    top = flags.whole_number(1)
    add("--top", type=top, default=3, help="classes shown (%(default)s)")
    add("--json", action="store_true", help="a JSON object a file, all classes")
    return parser.parse_args(argv)


def main(domain: Domain, args: Namespace) -> None:
    """Classify what can be used of the files; what cannot be is an error in the end."""
    from helmholtz import own_network
    from helmholtz.io import runs
    from helmholtz.training import prediction
    from helmholtz.training.backend import import_keras

    setting = runs.read_setting(args.log_dir, domain)
    own = own_network.of_run(setting, args.model, args.log_dir)
    domain.codec_of(setting).available()
    files, items, problems = prediction.read(
        args.files, lambda path: domain.prepare_file(path, setting)
    )
    if list(items.shape[1:]) != setting["shape"]:
        raise runs.damaged_setting(f"its shape is {setting['shape']}")
    import_keras()
    import keras

    classes = setting["data"]["classes"]
    from helmholtz.training import own_build

    network, recipe = own_build.rebuild(domain, setting, own)
    prediction.load_weights(network, args.log_dir / "best.weights.h5")
    network = keras.Sequential([keras.Input(items.shape[1:]), *recipe.layers(), network])
    prediction.show(files, network.predict(items, verbose=0), classes, args)
    prediction.raise_for(problems)
