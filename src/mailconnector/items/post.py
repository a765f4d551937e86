"""An article of a feed that lies in a folder as a post ([MS-OXORSS]).

A plain post, IPM.Post, says nothing that a mail does not ([MS-OXOPOST]), and is a `Mail` of that class.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailconnector.items.mail import Mail


@dataclass(frozen=True, slots=True)
class Post:
    """An article of a feed.

    Attributes:
        mail: The article itself, its categories, and what no field expresses.
        channel: Title of the feed.
        channel_link: URL of the feed.
        item_link: URL of the article.
        item_guid: By what the feed knows the article.
        item_hash: Outlook's number for the article's content.
        item_xml: The article as the feed had it.
        subscription: What the user calls the feed.
    """

    mail: Mail
    channel: str = ""
    channel_link: str = ""
    item_link: str = ""
    item_guid: str = ""
    item_hash: int = 0
    item_xml: str = ""
    subscription: str = ""

    @property
    def message_class(self) -> str:
        """The item's MAPI message class."""
        return self.mail.message_class
