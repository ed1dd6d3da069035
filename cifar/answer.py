"""Answer which codec and rate leave a network of images as good as it is, within a time budget.

python cifar/answer.py --source ~/photos --budget 30m

Prepares the data, trains what can decide something, and writes logs/answer/<name>/index.html.
Given again, the command goes on where it was stopped, and with a larger --budget it goes further.
Other flags are those of train.py. The exit code is 5 where there is no answer yet.
"""

from cifar.domain import DOMAIN
from helmholtz import cli
from helmholtz.answer import command

parse_args, main = cli.program(command, DOMAIN, __doc__)

if __name__ == "__main__":
    cli.run(main, command.AGAIN)
