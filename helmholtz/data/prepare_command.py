"""The command prepare.py of both halves: from a source to prepared data."""

from argparse import Namespace
from pathlib import Path

from helmholtz import cli, flags
from helmholtz.domain import Codec, Domain


def parse_args(domain: Domain, description: str, argv=None) -> Namespace:
    """The flags of prepare.py."""
    parser = cli.Parser(prog="prepare.py", description=description)
    flags.add_rate_flag(parser, domain, nargs="+")
    domain.add_source_flags(parser)
    args = parser.parse_args(argv)
    flags.check_rates(args, domain)
    return args


def prepare(domain: Domain, args: Namespace, codec: Codec, rates: list[int]) -> dict[int, Path]:
    """Make what is missing of the prepared data that the flags ask for; the folder of each rate."""
    from helmholtz.data import preparation

    source, root = domain.open_source(args), domain.data_root(args)
    folders = {rate: root / source.name / codec.folder(rate) for rate in rates}
    settings = {"codec": codec.version(), **domain.data_settings(args)}
    compress = domain.compressor(args, codec)
    preparation.prepare(source, folders, settings, compress, domain.chunk, args.skip_bad)
    return folders


def main(domain: Domain, args: Namespace) -> None:
    """Prepare every rate that the flags name, and print the folders."""
    codec = domain.codecs[args.codec]
    rates = flags.rate_of(args, domain) or list(codec.grid)
    for rate, folder in prepare(domain, args, codec, rates).items():
        print(f"{codec.rate_name(rate)}: {folder}")
