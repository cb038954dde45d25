"""A program of its own that takes arrays out of pickles and runs nothing in them: ``python -I FOLDER FORMAT FILE``.

It is started by path, apart from the package, so its modules import each other by bare names, and the stdlib, numpy
and safetensors besides. A pickle is a program; this reader lets it call nothing but stand-ins that hold bytes and
numbers. Even numpy gets to see only a dtype from a short list and a buffer of the right length. ``wall.py`` is the
second wall, should the first one leak.
"""
