"""The command prepare.py of both halves: from a source to prepared data."""

import sys
from argparse import Namespace
from functools import partial
from pathlib import Path

from helmholtz import cli, flags
from helmholtz.argtypes import byte_size
from helmholtz.audit.rates import above_source
from helmholtz.codec import Codec
from helmholtz.domain import Domain
from helmholtz.errors import UsageError


def parse_args(domain: Domain, description: str, argv=None) -> Namespace:
    """The flags of prepare.py."""
    parser = cli.Parser(prog="prepare.py", description=description)
    flags.add_rate_flags(parser, domain, many=True)
    domain.add_source_flags(parser)
    flags.add_store_flag(parser)
    said = "say how many items, how many bytes and how long, and make nothing"
    parser.add_argument("--dry_run", action="store_true", help=said)
    said = "above which a split is cut into files of so many bytes (512M)"
    parser.add_argument("--shard_size", type=byte_size, metavar="SIZE", help=said)
    flags.add_engine_flags(parser, "who prepares: this machine, or nodes that share its folders")
    args = parser.parse_args(argv)
    flags.check_engine(args)
    flags.check_store(args, [codec for codec, _ in flags.chosen(args, domain)])
    return args


def parse_saved_flags(domain: Domain, known: dict) -> Namespace:
    """The flags of prepare.py that a run has saved, checked again; DataError if not legal."""
    from helmholtz.io.runs import damaged_setting

    words = [
        f"--{name}" if value is True else f"--{name}={value}"
        for name, value in known.items()
        if value is not None and value is not False
    ]
    try:
        return parse_args(domain, "", words)
    except UsageError as error:
        raise damaged_setting(str(error)) from error


def folder_of(domain: Domain, args: Namespace, source: str, codec: Codec, rate: int) -> Path:
    """The folder of the prepared data of a source, by its name, at a rate."""
    return domain.data_root(args) / source / codec.folder(rate)


def prepare(
    domain: Domain, args: Namespace, codec: Codec, rates: list[int], exact: bool = False
) -> dict[int, Path]:
    """Make the prepared data that the flags ask for and that is missing; return all folders.

    exact: what is there is made anew where it is not stored as args.store says.
    """
    from helmholtz.data import kinds, preparation, shards

    codec.available()
    source = domain.open_source(args)
    source = source._replace(load=partial(_load_for, codec, rates, domain.flag, source.load))
    folders = {rate: folder_of(domain, args, source.name, codec, rate) for rate in rates}
    settings = {"codec": codec.version(), **domain.data_settings(args)}
    if codec is not domain.published:  # whose data do not name it
        settings["codec_name"] = codec.name
    compress = domain.compressor(args, codec)
    kept = codec.keeps and not settings.get("full_size")
    job = preparation.Job(
        source, folders, settings, compress, domain.chunk, args.skip_bad,
        getattr(args, "shard_size", None) or shards.SIZE,
        store=args.store if kept else kinds.PIXELS, exact=exact,
    )  # fmt: skip
    if getattr(args, "dry_run", False):
        preparation.plan(job)
    else:
        preparation.prepare(job._replace(engine=_engine(domain, args, codec)))
    return folders


def _engine(domain: Domain, args: Namespace, codec: Codec):
    """Who does the tasks of a preparation: this machine, or the nodes of a Ray cluster."""
    from helmholtz.data import tasks

    if getattr(args, "engine", "local") != "ray":
        return tasks.here
    from helmholtz.data.nodes import Nodes
    from helmholtz.data.site import Site

    return Nodes(args.address, Site.here(domain.name, codec, args.source))


def _load_for(codec: Codec, rates: list[int], flag: str, load) -> tuple[list[str], dict, dict]:
    """What a source loads. UsageError where the data cannot have one of the rates; rates above the
    one that the files went through are told."""
    classes, parts, facts = load()
    codec.check_data(rates, facts, flag)
    audit = facts.get("audit", {"codec": "", "rate": 0})
    if above := above_source(codec, audit["codec"], audit["rate"], rates):
        print(above, file=sys.stderr)
    return classes, parts, facts


def main(domain: Domain, args: Namespace) -> None:
    """Prepare every rate that the flags name, and print the folders."""
    wanted = {}
    facts = {} if flags.rate_of(args, domain) else domain.facts(args)
    for codec, rate in flags.chosen(args, domain, facts):
        wanted.setdefault(codec, []).append(rate)
    for codec in wanted:
        codec.available()
    for codec, rates in wanted.items():
        for rate, folder in prepare(domain, args, codec, rates, exact=True).items():
            if not args.dry_run:
                print(f"{codec.rate_name(rate)}: {folder}")
