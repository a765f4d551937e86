"""A process that commits in a loop is killed at random moments; the file is whole each time."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from mailconnector import pst
from mailconnector.mapi.objects import MessageObject
from tests.oracle import soundness

KILLS = 15
# Each transaction adds four messages to one folder and deletes two from another: both counts tell whether it is whole.
_WRITER = """
import sys
from mailconnector import pst
from mailconnector.mapi.objects import MessageObject
with pst.open_store(sys.argv[1], writable=True) as store:
    added, emptied = store.folder_at("added"), store.folder_at("emptied")
    print("writing", flush=True)
    while True:
        with store.transaction():
            for number in range(4):
                added.add_message(MessageObject({0x0037001F: "a subject", 0x1000001F: "text " * 2000}))
            for message in list(emptied.messages())[:2]:
                message.delete()
"""


def test_killed_at_any_moment(tmp_path: Path):
    chance = random.Random(5)
    path = tmp_path / "killed.pst"
    with pst.create_store(path) as store, store.transaction():
        for name in ("added", "emptied"):
            folder = store.ipm_subtree.create_folder(name)
        for number in range(200):
            folder.add_message(pst_message(number))
    committed = 0
    for _ in range(KILLS):
        with subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None and writer.stdout.readline() == "writing\n"
            time.sleep(chance.random() * 0.4)
            writer.kill()
        with pst.open_store(path, writable=True) as store:
            added, emptied = (store.folder_at(name) for name in ("added", "emptied"))
            count = len(added.message_nids())
            assert count == added.content_count and count % 4 == 0 and count >= committed
            assert len(emptied.message_nids()) == emptied.content_count == max(200 - count // 2, 0)
            committed = count
        with path.open("rb") as file:
            assert soundness.quick_faults(file) == set()
    assert committed > 0
    with path.open("rb") as file:
        assert soundness.faults(file) <= {"check: file-longer"}


def pst_message(number: int) -> MessageObject:
    return MessageObject({0x0037001F: f"to be deleted {number}"})
