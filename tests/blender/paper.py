"""What a panel draws, without a window."""

import bpy


class Paper:
    """Stands where Blender gives a panel its layout, which exists in a window only; keeps what was drawn."""

    def __init__(self):
        self.texts, self.buttons, self.properties = [], [], []

    def _known(self, function, icon):
        assert icon in bpy.types.UILayout.bl_rna.functions[function].parameters["icon"].enum_items

    def label(self, text="", icon="NONE"):
        self._known("label", icon)
        self.texts.append(text)

    def progress(self, factor=0.0, text=""):
        assert 0 <= factor <= 1
        self.texts.append(text)

    def prop(self, owner, name, text=None, icon="NONE", slider=False):
        assert name in owner.bl_rna.properties
        self.properties.append(name)

    def operator(self, name, text="", icon="NONE", depress=False):
        category, _, function = name.partition(".")
        getattr(getattr(bpy.ops, category), function).get_rna_type()  # KeyError: there is no such operator
        self._known("operator", icon)
        self.buttons.append(text or name)
        return type("Properties", (), {})()

    def template_icon(self, icon_value=0, scale=1.0):
        assert scale > 0

    def panel(self, _name, default_closed=False):
        return self, self

    def box(self, **_):
        return self

    row = column = grid_flow = box

    @property
    def text(self):
        return " ".join(self.texts)


def drawn(kind) -> Paper:
    paper = Paper()
    kind.draw(type("Panel", (), {"layout": paper})(), bpy.context)
    return paper
