"""IDX files: read whether plain or gzip, downloaded when missing, refused with path and remedy when damaged."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from models.dataset_facts import DatasetError, IdxFile
from models.idx_files import read_idx

VALUES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
CONTENTS = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4]) + VALUES.tobytes()
ZIPPED = gzip.compress(CONTENTS)
UNREACHABLE = "http://127.0.0.1:9/images.gz"


def images(url: str = UNREACHABLE, md5: str = "0" * 32, sha256: str = "") -> IdxFile:
    return IdxFile("images", (2, 3, 4), url, md5, sha256 or hashlib.sha256(CONTENTS).hexdigest())


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder and keeps silent about it."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in http.server
        pass


@pytest.fixture
def published(tmp_path: Path) -> Iterator[str]:
    """The URL of a server on this machine that publishes the gzip form."""
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "images.gz").write_bytes(ZIPPED)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(tmp_path / "published"))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/images.gz"
        server.shutdown()
        thread.join()


def test_the_header_is_that_of_the_published_format() -> None:
    assert images().header == CONTENTS[:16]


@pytest.mark.parametrize(("name", "contents"), [("images", CONTENTS), ("images.gz", ZIPPED)], ids=["plain", "gzip"])
def test_plain_and_gzip_pass_the_same_check(tmp_path: Path, name: str, contents: bytes) -> None:
    (tmp_path / name).write_bytes(contents)
    assert np.array_equal(read_idx(images(), tmp_path), VALUES)


def test_a_missing_file_is_downloaded_into_the_folder_once(tmp_path: Path, published: str) -> None:
    file = images(published, md5=hashlib.md5(ZIPPED, usedforsecurity=False).hexdigest())
    folder = tmp_path / "new" / "tiny"
    assert np.array_equal(read_idx(file, folder), VALUES)
    assert [path.name for path in folder.iterdir()] == ["images.gz"]
    (tmp_path / "published" / "images.gz").unlink()
    assert np.array_equal(read_idx(file, folder), VALUES)


def test_a_download_with_another_hash_is_refused_and_not_kept(tmp_path: Path, published: str) -> None:
    with pytest.raises(DatasetError, match=f"MD5 {'0' * 32} comes from {published}"):
        read_idx(images(published), tmp_path / "tiny")
    assert list((tmp_path / "tiny").iterdir()) == []


def test_a_missing_file_that_cannot_be_downloaded_is_answered_with_path_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        read_idx(images(), tmp_path / "tiny")
    text = str(caught.value)
    assert f"{tmp_path / 'tiny' / 'images'} must exist, plain or as images.gz" in text
    assert f"cannot be downloaded (ConnectionError) from {UNREACHABLE}" in text
    assert "set $SWEEPS_DATA to the folder that holds tiny/images.gz" in text


@pytest.mark.parametrize(
    ("contents", "rule"),
    [
        (b"", "begin with the IDX header"),
        (b"\x00\x00\x09" + CONTENTS[3:], "begin with the IDX header"),
        (CONTENTS[:11] + b"\x04" + CONTENTS[12:], r"begin with the IDX header of shape \(2, 3, 4\)"),
        (CONTENTS[:-1], "hold 24 values, but it holds 23"),
        (CONTENTS + b"\x00", "hold 24 values, but it holds 25"),
        (CONTENTS[:-1] + b"\x00", "have the SHA-256"),
    ],
    ids=["empty", "other type", "other shape", "truncated", "too long", "one value changed"],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_a_damaged_file_is_refused_with_its_path(tmp_path: Path, contents: bytes, rule: str, zipped: bool) -> None:
    path = tmp_path / ("images.gz" if zipped else "images")
    path.write_bytes(gzip.compress(contents) if zipped else contents)
    with pytest.raises(DatasetError, match=rule) as caught:
        read_idx(images(), tmp_path)
    assert str(caught.value).startswith(f"{path} must ")
    assert "Remove it to have it downloaded again" in str(caught.value)


@pytest.mark.parametrize(
    "contents", [b"", b"not gzip", ZIPPED[:-9], ZIPPED[:20]], ids=["empty", "text", "cut", "short"]
)
def test_a_broken_gzip_is_refused_with_its_path(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "images.gz").write_bytes(contents)
    with pytest.raises(DatasetError, match=r"images\.gz must (be a whole gzip file|begin with the IDX header)"):
        read_idx(images(), tmp_path)


def unpinned(md5: str = "0" * 32) -> IdxFile:
    return IdxFile("images", (2, 3, 4), UNREACHABLE, md5)


def test_a_plain_file_without_an_established_hash_is_checked_by_its_structure(tmp_path: Path) -> None:
    (tmp_path / "images").write_bytes(CONTENTS[:-1] + b"\x00")
    assert read_idx(unpinned(), tmp_path)[1, 2, 3] == 0


def test_a_gzip_file_without_an_established_hash_must_be_the_published_one(tmp_path: Path) -> None:
    (tmp_path / "images.gz").write_bytes(ZIPPED)
    md5 = hashlib.md5(ZIPPED, usedforsecurity=False).hexdigest()
    assert np.array_equal(read_idx(unpinned(md5), tmp_path), VALUES)
    with pytest.raises(DatasetError, match=f"must have the MD5 {'0' * 32}, but it has {md5}"):
        read_idx(unpinned(), tmp_path)
