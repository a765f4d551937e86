"""The LTP layer ([MS-PST] 2.3): properties and tables in the data of nodes.

Messages and folders are read and edited through `node`, `property_context`, `table_context` and `table_editor`; `heap`
and `bth` below them are for new files, checking and dumps.
"""
