"""``python -I FOLDER table FILE``: exit code 0, or 3 with a JSON string on standard error that says why not."""

import sys

from generators import generator_of
from motions import motion_of
from states import states_of
from tables import table_of
from wall import main

_FORMATS = {"table": table_of, "generator": generator_of, "motion": motion_of, "states": states_of}

main(sys.argv[2], _FORMATS[sys.argv[1]])
