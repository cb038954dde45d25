"""The real FLAME, for artists who have its files: read safely, posed as published, and made a :class:`HeadModel`."""
