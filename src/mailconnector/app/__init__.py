"""Use cases that the faces share: what a command and a web page both do, without a terminal and without a page."""
