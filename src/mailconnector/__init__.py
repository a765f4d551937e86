"""Mail Connector: Outlook's Personal Folders files, read and written in place.

The rooms of the package are described in ARCHITECTURE.md; `mailconnector.pst` is the PST engine.
"""

__version__ = "0.1.0"
