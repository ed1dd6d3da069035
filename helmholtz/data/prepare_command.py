"""The command prepare.py of both halves: from a source to prepared data."""

import sys
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path

from helmholtz import cli, flags
from helmholtz.domain import Codec, Domain
from helmholtz.errors import UsageError


def parse_args(domain: Domain, description: str, argv=None) -> Namespace:
    """The flags of prepare.py."""
    parser = cli.Parser(prog="prepare.py", description=description)
    flags.add_rate_flag(parser, domain, nargs="+")
    domain.add_source_flags(parser)
    args = parser.parse_args(argv)
    flags.check_rates(args, domain)
    if flags.rate_of(args, domain) is None:
        setattr(args, domain.flag, list(domain.codecs[args.codec].grid))
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


def prepare(domain: Domain, args: Namespace, codec: Codec, rates: list[int]) -> dict[int, Path]:
    """Make the prepared data that the flags ask for and that is missing; return all folders."""
    from helmholtz.data import preparation

    source, root = domain.open_source(args), domain.data_root(args)
    source = source._replace(load=partial(_load, source.load, codec, rates))
    folders = {rate: root / source.name / codec.folder(rate) for rate in rates}
    settings = {"codec": codec.version(), **domain.data_settings(args)}
    compress = domain.compressor(args, codec)
    preparation.prepare(source, folders, settings, compress, domain.chunk, args.skip_bad)
    return folders


def _load(load: Callable, codec: Codec, rates: list[int]) -> tuple[list[str], dict, dict]:
    """What a source loads; rates above the one that its files went through are told."""
    classes, parts, facts = load()
    audit = facts.get("audit", {"codec": "", "rate": 0})
    if above := codec.above_source(audit["codec"], audit["rate"], rates):
        print(above, file=sys.stderr)
    return classes, parts, facts


def main(domain: Domain, args: Namespace) -> None:
    """Prepare every rate that the flags name, and print the folders."""
    codec = domain.codecs[args.codec]
    for rate, folder in prepare(domain, args, codec, flags.rate_of(args, domain)).items():
        print(f"{codec.rate_name(rate)}: {folder}")
