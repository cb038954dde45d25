"""Names of the controls beyond ARKit's: action units of the Facial Action Coding System (Ekman and Friesen).

The head's data calls its further units by MakeHuman's names (``mh_mouth-corner-puller``); the units keep them.
Artists know the muscles by action unit, so the controls carry number and name. Where a unit is two actions at once,
both numbers stand; the one without a number carries its muscle's name.
"""

from __future__ import annotations

_SIDED = {
    "mh_eyebrows-{}-inner-up": "AU01InnerBrowRaiser",
    "mh_eyebrows-{}-extern-up": "AU02OuterBrowRaiser",
    "mh_eyebrows-{}-up": "AU01+02BrowRaiser",
    "mh_eyebrows-{}-down": "AU04BrowLowerer",
    "mh_eye-{}-opened-up": "AU05UpperLidRaiser",
    "mh_eye-{}-slit": "AU07LidTightener",
    "mh_eye-{}-closure": "AU43EyeClosure",
    "mh_nose-{}-elevation": "AU09NoseWrinkler",
    "mh_nose-{}-dilatation": "AU38NostrilDilator",
}
_MIDDLE = {
    "mh_mouth-elevation": "AU10UpperLipRaiser",
    "mh_mouth-corner-puller": "AU12LipCornerPuller",
    "mh_mouth-upward-retraction": "AU12+25OpenSmile",
    "mh_mouth-compression": "AU13SharpLipPuller",
    "mh_mouth-depression": "AU15LipCornerDepressor",
    "mh_mouth-depression-retraction": "AU16LowerLipDepressor",
    "mh_mouth-part-later": "AU10+16LipsBared",
    "mh_mouth-eversion": "AU17ChinRaiser",
    "mh_mouth-pursing": "AU18LipPucker",
    "mh_mouth-retraction": "AU20LipStretcher",
    "mh_neck-platysma": "AU21NeckTightener",
    "mh_mouth-protusion": "AU22LipFunneler",
    "mh_mouth-parling": "AU25LipsPart",
    "mh_nose-compression": "AU39NostrilCompressor",
    "mh_nose-depression": "depressorSepti",
}
ACTION_UNITS: dict[str, str] = {
    **{unit.format(side): f"{name}{side.title()}" for unit, name in _SIDED.items() for side in ("left", "right")},
    **_MIDDLE,
}
"""Unit name -> control name."""
