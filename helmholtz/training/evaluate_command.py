"""The command evaluate.py of both halves: finished runs, judged on test data at other rates."""

from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

from helmholtz import cli, flags, own_network
from helmholtz.codec import Codec
from helmholtz.domain import Domain
from helmholtz.errors import UsageError
from helmholtz.io import datadir
from helmholtz.own_network import Own
from helmholtz.schema import TEST_SPLIT
from helmholtz.text import counted

AGAIN = "the same command continues with what was not judged yet"
MOVED = ("source", "data_dir")  # flags of the runs that may be given anew


class Task(NamedTuple):
    """A run, and where it is still to be judged; options: of prepare.py, for its data.

    own: the codec and rate that it was trained on. cells: pairs like it. network: the user's own.
    """

    folder: Path
    setting: dict
    options: Namespace
    own: tuple[Codec, int]
    cells: list[tuple[Codec, int]]
    network: Own | None

    @property
    def data(self) -> tuple:
        """What is the same for runs of the same data."""
        return tuple(sorted((name, str(value)) for name, value in vars(self.options).items()))


def parse_args(domain: Domain, description: str, argv=None) -> Namespace:
    """The flags of evaluate.py."""
    parser = cli.Parser(prog="evaluate.py", description=description)
    add, said = parser.add_argument, "folders of finished runs"
    add("--log_dir", type=Path, nargs="+", required=True, metavar="RUN", help=said)
    flags.add_rate_flags(parser, domain, many=True)
    add("--source", help="where the source of the runs is now (as each run was given it)")
    datadir.add_flag(parser)
    flags.add_feed_flag(parser)
    flags.add_own_model_flag(parser)
    args = parser.parse_args(argv)
    flags.chosen(args, domain)  # to refuse what there is not
    return args


def main(domain: Domain, args: Namespace) -> None:
    """Judge every run at every rate where it was not judged yet; before Keras, what is wrong."""
    tasks = [_task(domain, folder, args) for folder in dict.fromkeys(args.log_dir)]
    if to_do := [task for task in tasks if task.cells]:
        places = _prepare(domain, to_do)
        from helmholtz.training.backend import import_keras

        import_keras()
        from helmholtz.training.evaluation import Judge

        judge = Judge(domain, args.feed)
        for task in to_do:
            judge.run(task, places[task.data])
    if done := len(tasks) - len(to_do):
        of = f"{done} of {counted(len(tasks), 'run')}"
        print(f"{of} had already been evaluated at all of these rates.")
    _tell_of_choice(tasks)


def _task(domain: Domain, folder: Path, args: Namespace) -> Task:
    """What is to be done about a run. At its own rate it is always judged, as a check."""
    from helmholtz.io import evaluations, runs

    setting = runs.read_setting(folder, domain)
    codec, rate = domain.codec_of(setting), setting["rate"]
    own = (codec if rate else domain.published, rate)
    done = {key for key in evaluations.read(folder) if evaluations.path_of(folder, *key).exists()}
    cells = dict.fromkeys([own, *flags.chosen(args, domain, setting["data"])])
    left = [(codec, rate) for codec, rate in cells if (codec.name, rate) not in done]
    network = own_network.of_run(setting, args.model, folder)
    return Task(folder, setting, _options(domain, setting, args), own, left, network)


def _options(domain: Domain, setting: dict, args: Namespace) -> Namespace:
    """The flags that prepare the data of a run, as the run has saved them."""
    from helmholtz.data.folds import fold_of
    from helmholtz.data.prepare_command import parse_args, parse_saved_flags

    names, data = vars(parse_args(domain, "", [])).keys() - {domain.flag, "codec"}, setting["data"]
    known = {name: value for name, value in setting["flags"].items() if name in names}
    if setting["flags"].get("train_dir"):  # then the data alone say how they were prepared
        known |= {name: data.get(name) for name in domain.data_flags}
        known["fold"] = known.get("fold") or fold_of(str(data.get("source")), domain.sources)
        known["skip_bad"] = known.get("skip_bad") or bool(data.get("skipped"))
    given = {name: getattr(args, name) for name in MOVED if getattr(args, name) is not None}
    return parse_saved_flags(domain, known | given)


def _prepare(domain: Domain, tasks: list[Task]) -> dict[tuple, dict]:
    """The folders of all test data by Task.data and (codec, rate); what is missing is made."""
    from helmholtz.data.prepare_command import prepare

    places = {}
    for data in dict.fromkeys(task.data for task in tasks):
        own = [task for task in tasks if task.data == data]
        _check_source(domain.open_source(own[0].options), own)
        cells = dict.fromkeys(cell for task in own for cell in task.cells)
        places[data] = {}
        for codec in dict.fromkeys(codec for codec, _ in cells):
            rates = [rate for other, rate in cells if other is codec]
            made = prepare(domain, own[0].options, codec, rates)
            places[data] |= {(codec, rate): folder for rate, folder in made.items()}
    return places


def _check_source(source, tasks: list[Task]) -> None:
    """Raise UsageError unless the runs were trained on this very source."""
    for task in tasks:
        if task.setting["data"].get("fingerprint") != source.fingerprint:
            raise UsageError(
                f"{task.folder} was trained on other data than {source.name} is now: give the "
                "folder or archive that it was trained on with --source."
            )


def _tell_of_choice(tasks: list[Task]) -> None:
    """Say where the test split has chosen the weights, and so flatters a run at its own rate."""
    from helmholtz.io.runs import read_json

    results = [read_json(task.folder / "result.json") for task in tasks]
    if chosen := [found for found in results if found.get("validated_on") == TEST_SPLIT]:
        print(
            f"The test split chose the epoch of {counted(len(chosen), 'run')}, at the rate of the "
            "training: there accuracy is too high. Train with --val 0.2 to compare without that."
        )
