"""A foreign classifier is tested: the files that it gets, and the folders that the report reads."""

import time
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.metrics import confusion_matrix

from helmholtz import flags
from helmholtz.blackbox import program
from helmholtz.codec import Codec
from helmholtz.data.baditems import BadItems
from helmholtz.data.loading import Data
from helmholtz.data.splits import chosen_of
from helmholtz.domain import Domain
from helmholtz.errors import DataError, UsageError
from helmholtz.io import predictions, run_state, runs
from helmholtz.io.files import remove_leftovers, write_json
from helmholtz.io.scratch import scratch
from helmholtz.parallel import in_parallel
from helmholtz.schema import OUTSIDE, SIZES


class Answer(NamedTuple):
    """What the program said at a rate: a class for every item tested, after so many seconds.

    tested, named: arrays, of items of the test split and of classes. sizes: in bytes, of all items.
    """

    codec: Codec
    rate: int
    tested: np.ndarray
    named: np.ndarray
    sizes: dict
    seconds: float


def judge(domain: Domain, args: Namespace, command: list[str]) -> None:
    """Run the command at every rate that the flags name; keep what it says when all went well."""
    source = domain.open_source(args)
    classes, parts, facts = source.load()
    data = Data(parts, classes, facts | {"source": source.name, "fingerprint": source.fingerprint})
    cells = flags.chosen(args, domain, facts)
    for codec, rate in cells:
        codec.available()
        codec.check_data([rate], facts, domain.flag)
    folders = [_folder(domain, args, source.name, *cell) for cell in cells]
    _refuse_those_there(folders, args)
    tested = chosen_of(data, "test", args.limit)  # in an order that tells nothing of the class
    answers = [_ask(domain, args, command, cell, data, tested) for cell in cells]
    with ExitStack() as locks:
        for folder in folders:
            locks.enter_context(run_state.held(folder))
            remove_leftovers(folder)
        _refuse_those_there(folders, args)  # by now: another process may have been quicker
        for answer in answers:
            _keep(domain, args, command, answer, data)


def _refuse_those_there(folders: list[Path], args: Namespace) -> None:
    for folder in folders:
        if (folder / "result.json").exists() and not args.overwrite:
            raise UsageError(f"{folder} is there: give --overwrite, or another --name or --seed.")


def _folder(domain: Domain, args: Namespace, source: str, codec: Codec, rate: int) -> Path:
    named = Namespace(codec=codec.name, model=args.name, seed=args.seed)
    return runs.folder_of(domain, named, source, rate, args.log_dir)


def _ask(domain: Domain, args: Namespace, command: list[str], cell, data, tested) -> Answer:
    """Write the files of a codec and rate, and run the program on them."""
    codec, rate = cell
    items = [data.splits["test"][0][i] for i in tested]
    with scratch("helmholtz-blackbox-") as temporary:
        folder = temporary / "files"  # without the lock, which is none of the program's
        folder.mkdir()
        paths = [folder / f"{number:06d}{domain.ending}" for number in range(len(items))]
        good, sizes = _write(domain, args, codec, rate, items, paths)
        started = time.perf_counter()
        words = [word.replace("{folder}", str(folder)) for word in command]
        try:
            text = program.run(words, args.timeout)
            named = program.read(text, [paths[number].name for number in good], data.classes)
        except DataError as error:
            raise DataError(f"At {codec.rate_name(rate)}: {error}") from error
        seconds = round(time.perf_counter() - started, 3)
    return Answer(codec, rate, tested[good], np.array(named), sizes, seconds)


def _write(domain: Domain, args: Namespace, codec: Codec, rate: int, items, paths) -> tuple:
    """Write items as the codec leaves them: which could be used, and their sizes together.

    Raises BadItems where some could not, unless --skip_bad leaves them out.
    """
    decode = domain.decoder(args, codec)
    blocks = in_parallel(_decoded, items, domain.chunk, codec.rate_name(rate), decode, rate)
    good, sizes, problems = [], np.zeros(len(SIZES), np.int64), {}
    for number, found in enumerate(one for block in blocks for one in block):
        if isinstance(found, str):
            problems[number] = found
            continue
        paths[number].write_bytes(found[0])
        sizes += found[1]
        good.append(number)
    if problems and not (args.skip_bad and good):
        raise BadItems({"test": problems})
    return good, dict(zip(SIZES, sizes.tolist(), strict=True)) | {"items": len(good)}


def _decoded(items, decode, rate: int) -> list:
    """What decode gives of every item; a sentence of those that cannot be used."""
    found = []
    for item in items:
        try:
            found.append(decode(item, rate))
        except DataError as error:
            found.append(str(error))
    return found


def _keep(domain: Domain, args: Namespace, command: list[str], answer: Answer, data: Data) -> None:
    """Write the run folder of a rate, result.json last, and say the accuracy."""
    codec, rate, classes = answer.codec, answer.rate, data.classes
    folder = _folder(domain, args, data.attributes["source"], codec, rate)
    truth = data.splits["test"][1][answer.tested]
    order = np.argsort(answer.tested)
    item, named, truth = answer.tested[order], answer.named[order], truth[order]
    right = named == truth
    found = predictions.Predictions(item, truth, named, right.astype(float))
    counts = confusion_matrix(truth, named, labels=range(len(classes)))
    accuracy = float(right.mean())
    runs.clear(folder)
    predictions.write(folder / predictions.FILE, found)
    runs.write_confusion(folder, classes, counts)
    write_json(folder / "setting.json", _setting(domain, args, command, answer, data))
    write_json(folder / "result.json", _result(domain, args, answer, data, accuracy))
    print(f"{args.name}, {codec.rate_name(rate)}: test accuracy {accuracy:.4f}: {folder}")


def _setting(domain: Domain, args: Namespace, command, answer: Answer, data: Data) -> dict:
    flags = vars(args) | {domain.flag: answer.rate, "codec": answer.codec.name}
    flags = {name: str(v) if isinstance(v, Path) else v for name, v in flags.items()}
    facts = {"codec": answer.codec.version(), "classes": data.classes}
    return _names(domain, args, answer) | {
        "flags": flags | {"command": command},
        "data": data.attributes | answer.sizes | facts,
    }


def _result(domain: Domain, args: Namespace, answer: Answer, data: Data, accuracy: float) -> dict:
    return _names(domain, args, answer) | {
        "source": data.attributes["source"],
        "seed": args.seed,
        "test_items": len(answer.tested),
        "counted_epoch": OUTSIDE,
        "test_acc": accuracy,
        "data": answer.sizes,
        "seconds": answer.seconds,
    }


def _names(domain: Domain, args: Namespace, answer: Answer) -> dict:
    names = {"domain": domain.name, "model": args.name}
    return names | {"codec": answer.codec.name, "rate": answer.rate}
