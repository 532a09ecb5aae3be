"""The tests; what is set here is set before any of them loads numpy."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the program does: beside other tests, more threads only spin
