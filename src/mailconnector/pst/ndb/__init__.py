"""The NDB layer ([MS-PST] 2.2): nodes and blocks by their ids.

The layers above import `database`, `device`, `blocks` and the entries of `lookup`; the other modules are for what
checks, repairs and compacts files.
"""
