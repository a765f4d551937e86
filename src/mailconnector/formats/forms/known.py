"""The forms of other programs that are known, in the order in which a message is held against them."""

from __future__ import annotations

from mailconnector.formats.forms import apple_notes, toltec
from mailconnector.formats.forms import plain as plain_form
from mailconnector.formats.item.forms import Form
from mailconnector.formats.kolab import v2 as kolab_v2
from mailconnector.formats.kolab import v3 as kolab_v3

FORMS: tuple[Form, ...] = (apple_notes, toltec, kolab_v3, kolab_v2, plain_form)
"""Special forms stand before general ones: the first that matches reads the message."""
