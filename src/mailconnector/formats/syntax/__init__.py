"""What texts on the wire are written in: charsets, encodings, XML, HTML. None of it knows an item."""
