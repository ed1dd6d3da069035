"""The command train.py of both halves: from flags to a finished run."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from helmholtz import cli
from helmholtz.argtypes import number, positive_number, whole_number
from helmholtz.domain import Domain
from helmholtz.errors import UsageError

RECIPE_FLAGS = {  # the type and the help of those whose default is the recipe's
    "batch_size": (whole_number(1), "items of a step"),
    "num_epoch": (whole_number(1), "epochs"),
    "learning_rate": (positive_number, "of the first step"),
    "decay_rate": (number(0), "the learning rate of step k is the first / (1 + decay_rate * k)"),
}


def parse_args(domain: Domain, description: str, argv=None) -> Namespace:
    """The flags of train.py, complete: what is not given has the default of network and codec."""
    parser = cli.Parser(prog="train.py", description=description)
    cli.add_rate_flag(parser, domain)
    cli.add_model_flags(parser, list(domain.networks))
    domain.add_source_flags(parser)
    _add_recipe_flags(parser, domain)
    cli.add_training_flags(parser, domain.val)
    domain.add_training_flags(parser)
    args = parser.parse_args(argv)
    cli.check_rates(args, domain)
    _complete(args, domain)
    return args


def _add_recipe_flags(parser: ArgumentParser, domain: Domain) -> None:
    """The flags that any recipe has; the help shows the defaults of the published one."""
    defaults = {}
    for network in domain.networks.values():
        defaults = network.recipe.flags | defaults
    for name, default in defaults.items():
        kind, said = RECIPE_FLAGS[name]
        parser.add_argument(f"--{name}", type=kind, metavar="N", help=f"{said} ({default})")


def _complete(args: Namespace, domain: Domain) -> None:
    args.model = args.model or list(domain.networks)[args.setting]
    flags = domain.networks[args.model].recipe.flags
    for name in {name for network in domain.networks.values() for name in network.recipe.flags}:
        if getattr(args, name) is None:
            setattr(args, name, flags.get(name))
        elif name not in flags:
            raise UsageError(f"{args.model} has no --{name}: leave it out.")
    if cli.rate_of(args, domain) is None and args.train_dir is None:
        setattr(args, domain.flag, domain.highest)


def main(domain: Domain, args: Namespace) -> None:
    """Train the run that the flags ask for, or say why not; before Keras is imported, if so."""
    from helmholtz.io import run_state, runs

    data = load(domain, args) if args.train_dir else None
    source = data.attributes["source"] if data else domain.source_name(args)
    rate = data.attributes["rate"] if data else cli.rate_of(args, domain)
    folder = args.log_dir or runs.folder_of(domain, args, source, rate)
    asked = request(domain, args, source, rate)
    if args.resume and run_state.outlook(folder, asked).what == "skip":
        print(f"{folder} is finished: there is nothing to resume.")
        return
    run_state.check(folder, asked)
    with run_state.held(folder):
        _train(domain, args, data or load(domain, args), folder, asked)


def request(domain: Domain, args: Namespace, source: str | None, rate: int | None):
    """The run that the flags ask for, as run_state compares it with what is there."""
    from helmholtz.io import run_state

    named = {"model": args.model, "codec": args.codec, "rate": rate, "source": source}
    return run_state.wanted(args, named, {"setting", "model", "codec", "source", domain.flag})


def load(domain: Domain, args: Namespace):
    """The prepared data that the flags ask for, made first where they are missing."""
    from helmholtz.data import preparation

    rate, folder = cli.rate_of(args, domain), args.train_dir
    if folder is None:
        folder = domain.prepare(args, domain.codecs[args.codec], [rate])[rate]
    return domain.check_data(preparation.load(folder, rate), args)


def _train(domain: Domain, args: Namespace, data, folder: Path, asked) -> None:
    cli.import_keras()
    from helmholtz.data.splits import select
    from helmholtz.io import run_state, runs
    from helmholtz.training import device, loop, model, prediction, result

    items, labels, parts = select(data, args.val, args.limit)
    setting = runs.describe(args, domain.name, data.attributes, items.shape[1:])
    model.set_up(args.seed, args.precision)
    chosen = domain.networks[args.model]
    network = chosen.build(items.shape[1:], len(data.classes))
    device.require_memory(network, min(args.batch_size, len(parts["train"])), items.nbytes)
    if getattr(args, "weights", None):
        prediction.load_weights(network, args.weights)
    args.resume = run_state.claim(folder, setting, asked)
    layers, optimizer = chosen.recipe.layers(), chosen.recipe.optimizer(args)
    compiled = model.compile_model(items, layers, network, optimizer)

    history = loop.fit(compiled, labels, parts, setting, folder, args)
    found = result.evaluate_best(compiled, labels, parts, history, setting, folder)
    codec = domain.codecs[args.codec]
    result.print_result(found, codec.rate_name(found["rate"]), folder)
