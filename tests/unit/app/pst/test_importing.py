"""Mail into a PST: one transaction a source, whatever goes wrong."""

import io

import pytest

from mailconnector.app.pst.importing import import_source
from mailconnector.app.pst.sources import open_source
from mailconnector.pst import PstDiskError, Store

MAIL = b"From: a@example.org\nSubject: mail %d\n\nbody\n" + b"x" * 3000


class FailingFile(io.BytesIO):
    """A file in memory that takes no more writes once it is told so."""

    full = False

    def write(self, data):
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(data)


@pytest.fixture
def mails(tmp_path):
    for number in range(4):
        (tmp_path / f"{number}.eml").write_bytes(MAIL % number)
    return tmp_path


def subjects(store, path="In"):
    return [message.subject for message in store.folder_at(path).messages()]


def has_folder(store, name):
    return name in [folder.name for folder in store.ipm_subtree.folders()]


def test_all_of_a_source_is_one_transaction(mails):
    store = Store.create(io.BytesIO())
    told = []
    result = import_source(store, open_source(mails), ("In",), lambda *at: told.append(at))
    assert (result.imported, result.failed, result.skipped, result.source) == (4, 0, 0, str(mails))
    assert subjects(store) == [f"mail {number}" for number in range(4)]
    done = [at for _, at, _ in told]
    assert done == sorted(done)
    assert told[-1][1:] == (4 * len(MAIL % 0), 4 * len(MAIL % 0))


def test_what_progress_raises_takes_the_source_back(mails):
    file = io.BytesIO()
    store = Store.create(file)
    import_source(store, open_source(mails / "0.eml"), ("In",))

    def stop(stage, done, total):
        if done > 2 * len(MAIL):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_source(store, open_source(mails), ("Other",), stop)
    for opened in (store, Store.open(io.BytesIO(file.getvalue()))):
        assert not has_folder(opened, "Other")
        assert subjects(opened) == ["mail 0"]


def test_a_full_disk_takes_the_source_back(mails):
    file = FailingFile()
    store = Store.create(file)

    def fill(stage, done, total):
        file.full = done > 0

    with pytest.raises(PstDiskError):
        import_source(store, open_source(mails), ("In",), fill)
    file.full = False
    assert not has_folder(Store.open(io.BytesIO(file.getvalue())), "In")


def test_broken_messages_are_passed_over(mails):
    (mails / "00 blank.eml").write_bytes(b"\n \n")
    store = Store.create(io.BytesIO())
    result = import_source(store, open_source(mails), ())
    assert (result.imported, result.failed) == (4, 1)
    assert result.failures[0].place.endswith("00 blank.eml")
    assert store.ipm_subtree.content_count == 4
