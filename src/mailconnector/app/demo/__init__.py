"""The demonstration: mail as people have it, a server and a PST to hold it, and what happens to it."""
