"""StorageManager against the file server: files, a folder, names that need escaping, sizes, what is not there."""

from pathlib import Path

from clearml import StorageManager, Task

NAMES = {
    "plain.txt": b"plain",
    "with space & plus+.txt": b"spaces",
    "deep/er/ünï.bin": bytes(range(256)) * 100,
    "empty.txt": b"",
}


def run(state):
    server = Task._get_default_session().get_files_server_host()
    assert StorageManager.get_files_server() == server
    state["root"] = f"{server}/shared/folder"
    big = state.file("big.bin")
    big.write_bytes(b"0123456789abcdef" * 400_000)
    state["big"] = StorageManager.upload_file(str(big), f"{server}/shared/big.bin")
    assert state["big"] == f"{server}/shared/big.bin", state["big"]
    folder = state.file("folder")
    for name, content in NAMES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert StorageManager.upload_folder(str(folder), state["root"]) == state["root"]
    # A file may be replaced.
    replaced = state.file("replaced.txt")
    for text in ("first", "second, longer"):
        replaced.write_text(text)
        StorageManager.upload_file(str(replaced), f"{server}/shared/replaced.txt")
    state["replaced"] = f"{server}/shared/replaced.txt"


def check(state):
    local = Path(StorageManager.get_local_copy(state["big"]))
    assert local.read_bytes() == b"0123456789abcdef" * 400_000
    assert StorageManager.get_file_size_bytes(state["big"]) == 6_400_000
    assert StorageManager.exists_file(state["big"])
    assert not StorageManager.exists_file(state["big"] + ".missing")
    assert Path(StorageManager.get_local_copy(state["replaced"])).read_text() == "second, longer"

    target = state.file("downloaded")
    for name, content in NAMES.items():
        path = StorageManager.download_file(f"{state['root']}/{name}", str(target), skip_zero_size_check=True)
        assert path and Path(path).read_bytes() == content, (name, path)
    metadata = StorageManager.get_metadata(state["big"])
    assert metadata["size"] == 6_400_000 and metadata["name"].endswith("big.bin"), metadata
    assert StorageManager.download_file(state["big"] + ".missing", str(target), silence_errors=True) is None
    stream = StorageManager.get_stream(state["big"])
    if stream is not None:
        first = b"".join(chunk for chunk in stream)
        assert first == b"0123456789abcdef" * 400_000, len(first)
