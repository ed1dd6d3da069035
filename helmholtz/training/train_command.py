"""The command train.py of both halves: from flags to a finished run."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from helmholtz import cli, flags, machine, own_network
from helmholtz.argtypes import number, positive_number, whole_number
from helmholtz.domain import Domain, Recipe
from helmholtz.errors import UsageError
from helmholtz.schema import LAST

RECIPE_FLAGS = {  # the type and the help of those whose default is the recipe's
    "batch_size": (whole_number(1), "items per step"),
    "num_epoch": (whole_number(1), "epochs"),
    "learning_rate": (positive_number, "learning rate of the first step"),
    "decay_rate": (number(0), "the learning rate of step k is the first / (1 + decay_rate * k)"),
}
SET_BY_RECIPE = {*RECIPE_FLAGS, "val", "precision"}


def parse_args(domain: Domain, description: str, argv=None) -> Namespace:
    """The flags of train.py, complete: what is not given has the default of network and codec."""
    parser = cli.Parser(prog="train.py", description=description)
    flags.add_rate_flags(parser, domain)
    flags.add_model_flags(parser, list(domain.networks))
    domain.add_source_flags(parser)
    flags.add_store_flag(parser)
    _add_recipe_flags(parser, domain)
    flags.add_training_flags(parser, domain.val)
    domain.add_training_flags(parser)
    args = parser.parse_args(argv)
    flags.settle(args, domain)
    flags.check_store(args, [domain.codecs[args.codec]])
    _complete(args, domain)
    return args


def _add_recipe_flags(parser: ArgumentParser, domain: Domain) -> None:
    """The flags that any recipe has; the help shows the defaults of the published one."""
    defaults = {}
    for network in domain.networks.values():
        defaults = network.recipe.flags | defaults
    for name, (kind, said) in RECIPE_FLAGS.items():
        if name not in defaults:
            continue
        default = defaults[name]
        parser.add_argument(f"--{name}", type=kind, metavar="N", help=f"{said} ({default})")


def _complete(args: Namespace, domain: Domain) -> None:
    """Fill in what was not given, but for the recipe of an own network that is yet to be built."""
    names = list(domain.networks)
    args.model = args.model or names[args.setting]
    if not own_network.settle(args, names):
        fill_in(args, domain, domain.networks[args.model].recipe)


def fill_in(args: Namespace, domain: Domain, recipe: Recipe) -> None:
    """Set the training flags that were not given; UsageError for one that the recipe lacks."""
    known = {"val": domain.val, "precision": flags.PRECISIONS[0]} | recipe.flags
    if known["precision"] == "bfloat16" and not machine.gains_by_bfloat16():
        known["precision"] = "float32"
    for name in SET_BY_RECIPE & vars(args).keys():
        if getattr(args, name) is None:
            setattr(args, name, known.get(name))
        elif name not in known:
            raise UsageError(f"{args.model} is trained without --{name}: leave it out.")


def main(domain: Domain, args: Namespace) -> None:
    """Train the run that the flags ask for, or say why not; before Keras is imported, if so."""
    from helmholtz.io import run_state, runs
    from helmholtz.training import own_check

    data = load(domain, args) if args.train_dir else None
    source = data.attributes["source"] if data else domain.open_source(args).name
    rate = data.attributes["rate"] if data else flags.rate_of(args, domain)
    folder = args.log_dir or runs.folder_of(domain, args, source, rate)
    asked = request(domain, args, source, rate)
    if args.resume and run_state.outlook(folder, asked).what == "skip":
        print(f"{folder} is finished: there is nothing to resume.")
        return
    run_state.check(folder, asked)
    with run_state.held(folder):
        own_check.check(domain, args)
        _train(domain, args, data or load(domain, args), folder, asked.named)


def request(domain: Domain, args: Namespace, source: str | None, rate: int | None):
    """The run that the flags ask for, as run_state compares it with what is there."""
    from helmholtz.io import run_state

    named = {"model": args.model, "codec": args.codec, "rate": rate, "source": source}
    open_ = {name for name in SET_BY_RECIPE if getattr(args, name, None) is None}
    naming = {"setting", "model", "own", "codec", "source", domain.flag}
    return run_state.wanted(args, named, naming | open_)


def load(domain: Domain, args: Namespace):
    """The prepared data that the flags ask for, made first where they are missing."""
    from helmholtz.data import loading
    from helmholtz.data.prepare_command import prepare

    rate, folder = flags.rate_of(args, domain), args.train_dir
    if folder is None:
        folder = prepare(domain, args, domain.codecs[args.codec], [rate])[rate]
    data = loading.load(folder, rate, domain.codecs)
    name = data.attributes.get("codec_name", domain.published.name)
    if "codec" in data.attributes and name != args.codec:  # the 2018 code's do not say
        raise UsageError(f"{folder} was prepared as {name}, not {args.codec}: give --codec {name}.")
    return domain.check_data(data, args)


def _train(domain: Domain, args: Namespace, data, folder: Path, named: dict) -> None:
    from helmholtz.training.backend import import_keras

    import_keras()
    from helmholtz.data.splits import chosen_of, judged_once, select
    from helmholtz.io import run_state
    from helmholtz.training import device, features, loop, model, prediction, result, setting

    own, network, recipe, told = _build(domain, args, data)
    items, labels, parts = select(data, args.val, args.limit)
    parts = judged_once(parts) if recipe.counted == LAST else parts
    described = setting.describe(args, domain.name, data.attributes, items.shape[1:])
    described |= {"counted_epoch": recipe.counted} | told
    frozen = getattr(args, "freeze", False)
    batch = 0 if frozen else min(args.batch_size, len(parts["train"]))
    held = device.place(items, args.feed, network, batch)
    if recipe.initialise:
        recipe.initialise(network, items.at(parts["train"]))
    if args.weights and not (own and own.kind == "application"):  # whose backbone has them
        prediction.load_weights(network, args.weights)
    asked = request(domain, args, named["source"], named["rate"])  # with the recipe's flags
    args.resume = run_state.claim(folder, described, asked)
    optimizer = recipe.optimizer(args, args.num_epoch * -(-len(parts["train"]) // args.batch_size))
    trained, layers = network, recipe.layers()
    if frozen:
        trained, held = features.split(network, held, layers, domain.data_root(args), described)
        held, layers = device.place(held, args.feed, trained, args.batch_size), []
    compiled = model.compile_model(held, layers, trained, optimizer, recipe.loss())
    del held  # the model has a copy where it computes

    history = loop.fit(compiled, labels, parts, described, folder, args, network)
    if own:
        own_network.keep(own, folder)
    tested = chosen_of(data, "test", args.limit)
    found = result.evaluate(compiled, network, labels, parts, tested, history, described, folder)
    codec = domain.codecs[args.codec]
    result.print_result(found, codec.rate_name(found["rate"]), folder)


def _build(domain: Domain, args: Namespace, data) -> tuple:
    """An own network's Own, or None; the untrained network, its recipe, and what setting.json says
    of an own one."""
    from helmholtz.training import model

    if hasattr(args, "own"):
        from helmholtz.training import own_build

        own = own_network.of_flags(args)
        network, recipe, told = own_build.for_training(own, domain, args, data)
        return own, network, recipe, {"network": told}
    model.set_up(args.seed, args.precision)
    chosen, shape = domain.networks[args.model], data.splits["train"][0].shape[1:]
    return None, chosen.build(shape, len(data.classes)), chosen.recipe, {}
