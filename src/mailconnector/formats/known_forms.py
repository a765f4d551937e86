"""The forms of other programs that are known, in the order in which a message is held against them."""

from __future__ import annotations

from mailconnector.formats import apple_notes, kolab_v2, kolab_v3, plain_form, toltec
from mailconnector.formats.forms import Form

FORMS: tuple[Form, ...] = (apple_notes, toltec, kolab_v3, kolab_v2, plain_form)
"""Special forms stand before general ones: the first that matches reads the message."""
