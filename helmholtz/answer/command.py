"""The command answer.py of both halves: which codec and rate are safe, within a time budget."""

import sys
from argparse import Namespace
from pathlib import Path

from helmholtz import cli, flags
from helmholtz.answer import clock, tolerance
from helmholtz.domain import Domain
from helmholtz.errors import OPEN, UsageError

NETWORK = "quick"
AGAIN = "the same command goes on where it was stopped"
NOT_PASSED_ON = ("--seed", "--train_dir", "--setting", "--fold")  # flags of train.py


def parse_args(domain: Domain, description: str, argv=None) -> tuple[Namespace, list[str]]:
    """The flags of answer.py, and those that it passes on to train.py."""
    parser = cli.Parser(prog="answer.py", description=description, allow_abbrev=False)
    parser.epilog = flags.passed_on(domain)
    add = parser.add_argument
    said = "time that all calls of this command may take together, such as 30m or 2h (%(default)s)"
    add("--budget", type=clock.duration, default="30m", metavar="TIME", help=said)
    said = "loss that you accept: 0.01 or 1%% of the accuracy, or 0.5points (%(default)s)"
    add("--tolerance", type=tolerance.parse, default="0.01", metavar="LOSS", help=said)
    flags.add_rate_flags(parser, domain, many=True)
    add("--model", default=NETWORK, metavar="NAME", help="network, or your own (%(default)s)")
    flags.add_machine_flags(parser)
    add("--log_dir", type=Path, metavar="ROOT", help="instead of logs/, with the same subfolders")
    add("--json", action="store_true", help="print the answer as JSON")
    args, rest = parser.parse_known_args(argv)
    args.domain, args.model, args.setting = domain.name, [args.model], None
    if not any(rate for _, rate in flags.chosen(args, domain)):
        raise UsageError(
            f"Rate 0 is always trained: give other rates, or leave --{domain.flag} out."
        )
    for word in rest:
        if word.partition("=")[0] in NOT_PASSED_ON:
            raise UsageError(f"answer.py decides on {word.partition('=')[0]} itself: leave it out.")
    return args, rest


def main(domain: Domain, parsed: tuple[Namespace, list[str]]) -> None:
    """Answer the question that the flags ask; exit with OPEN where there is no answer yet."""
    from helmholtz.answer.work import answer

    if not answer(domain, *parsed):
        sys.exit(OPEN)
