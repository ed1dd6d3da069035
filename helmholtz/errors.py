"""The errors that stop a command, and its exit codes. Imports nothing."""

DONE = 0
RUNS_FAILED = 1  # in a sweep
WRONG_USAGE = 2
BAD_DATA = 3
MACHINE_FAILED = 4
OPEN = 5  # of answer.py: no answer yet
INTERRUPTED = 75  # and resumable: EX_TEMPFAIL of sysexits.h


class UsageError(Exception):
    """The request is wrong; the message says what to give instead."""

    exit_code = WRONG_USAGE


class DataError(Exception):
    """Data is missing or bad; the message names it and says what to do."""

    exit_code = BAD_DATA


class MachineError(Exception):
    """This machine lacks something; the message says how to get it."""

    exit_code = MACHINE_FAILED
