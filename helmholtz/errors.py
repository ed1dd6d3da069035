"""What stops a command, and the exit codes that tell its caller so. Imports nothing."""

DONE = 0
RUNS_FAILED = 1  # of a sweep
WRONG_USAGE = 2
BAD_DATA = 3
MACHINE_FAILED = 4
INTERRUPTED = 75  # and resumable: EX_TEMPFAIL of sysexits.h


class UsageError(Exception):
    """What was asked for cannot be done; the message says what to do instead."""

    exit_code = WRONG_USAGE


class DataError(Exception):
    """Data is missing or bad; the message names it and says what to do."""

    exit_code = BAD_DATA


class MachineError(Exception):
    """This machine lacks something; the message says how to get it."""

    exit_code = MACHINE_FAILED
