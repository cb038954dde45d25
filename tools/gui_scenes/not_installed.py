"""What a newcomer sees first: no backend yet, and the button that installs it."""

from studio import Steps, Studio

PANELS = ("CAMEO_PT_backend", "CAMEO_PT_portrait", "CAMEO_PT_jobs", "CAMEO_PT_avatars")


def play(studio: Studio) -> Steps:
    yield from studio.open_sidebar()
    studio.take_view("not_installed", width=900)
