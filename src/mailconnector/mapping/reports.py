"""Reports that Exchange stored without a body: what they say is in their recipients' rows ([MS-OXOMSG] 2.2.3)."""

from __future__ import annotations

from mailconnector.mapi import reading, tags
from mailconnector.mapi.objects import MessageObject

_PREFIX = "report."


def report_text(message: MessageObject) -> str | None:
    """Return what a report says, to be read: a paragraph of its own, then one for each recipient; None if nothing.

    Outlook makes up the same from the same properties whenever it shows such a report.
    """
    if not reading.text(message.properties, tags.PidTagMessageClass).lower().startswith(_PREFIX):
        return None
    paragraphs = [
        reading.text(message.properties, tags.PidTagReportText),
        reading.text(message.properties, tags.PidTagOriginalSubject),
    ]
    for row in message.recipients:
        said = [reading.text(row.properties, tag) for tag in (tags.PidTagReportText, tags.PidTagSupplementaryInfo)]
        name = reading.text(row.properties, tags.PidTagDisplayName)
        if any(said):
            paragraphs.append("\n".join(filter(None, [name, *said])))
    kept = [" ".join(line.split()) for paragraph in paragraphs if paragraph for line in [*paragraph.splitlines(), ""]]
    return "\n".join(kept) if kept else None
