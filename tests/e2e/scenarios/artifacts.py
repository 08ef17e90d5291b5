"""Artifacts of every kind that the SDK serialises, read back as the objects they were."""

import numpy as np
import pandas as pd
from clearml import Task
from PIL import Image

RECORD = {"a": [1, 2.5, None], "ü": {"k": "v"}}
FRAME = pd.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "ü"]})
ARRAY = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


class Custom:
    """Serialised by pickle."""

    def __init__(self, number):
        self.number = number

    def __eq__(self, other):
        return isinstance(other, Custom) and other.number == self.number


def pixels():
    return np.random.default_rng(9).integers(0, 256, size=(16, 20, 3), dtype=np.uint8)


def run(state):
    task = Task.init("yard/artifacts", "kinds", reuse_last_task_id=False, auto_resource_monitoring=False)
    upload = task.upload_artifact
    assert upload("dict", RECORD, metadata={"rows": "3", "by": "ann"})
    assert upload("frame", FRAME)
    assert upload("array", ARRAY)
    assert upload("picture", Image.fromarray(pixels()))
    assert upload("text", "some\ntext with ünïcode " * 50)
    assert upload("pickle", Custom(42), auto_pickle=True)
    assert upload("list", [1, "two", 3.0])
    state.file("plain.bin").write_bytes(bytes(range(256)) * 1000)
    assert upload("file", str(state.file("plain.bin")))
    folder = state.file("folder")
    (folder / "sub dir").mkdir(parents=True, exist_ok=True)
    (folder / "one.txt").write_text("one")
    (folder / "sub dir" / "zwei ü.txt").write_text("two")
    assert upload("folder", str(folder))
    assert upload("name with spaces / and ü", {"k": 1})
    assert upload("replaced", {"version": 1}, wait_on_upload=True)
    assert upload("replaced", {"version": 2}, wait_on_upload=True)
    task.register_artifact("registered", pd.DataFrame({"n": [7, 8]}), metadata={"live": "yes"})
    state["task"] = task.id
    task.flush(wait_for_uploads=True)
    task.close()


def check(state):
    task = Task.get_task(task_id=state["task"])
    artifacts = task.artifacts
    assert artifacts["dict"].get() == RECORD
    assert dict(artifacts["dict"].metadata) == {"rows": "3", "by": "ann"}, artifacts["dict"].metadata
    frame = artifacts["frame"].get()
    assert list(frame["x"]) == [1, 2, 3] and list(frame["y"]) == ["a", "b", "ü"], frame
    assert np.array_equal(artifacts["array"].get(), ARRAY)
    assert np.array_equal(np.array(artifacts["picture"].get()), pixels())
    assert artifacts["text"].get() == "some\ntext with ünïcode " * 50
    assert artifacts["pickle"].get() == Custom(42)
    assert artifacts["list"].get() == [1, "two", 3.0]
    with open(artifacts["file"].get_local_copy(), "rb") as file:
        assert file.read() == bytes(range(256)) * 1000
    assert artifacts["file"].size == 256_000, artifacts["file"].size
    assert artifacts["file"].hash, "the SDK's checksum is kept"
    from pathlib import Path

    folder = Path(artifacts["folder"].get_local_copy())
    assert {p.name: p.read_text() for p in folder.rglob("*.txt")} == {"one.txt": "one", "zwei ü.txt": "two"}
    assert artifacts["name with spaces / and ü"].get() == {"k": 1}
    assert artifacts["replaced"].get() == {"version": 2}
    assert list(artifacts["registered"].get()["n"]) == [7, 8]

    task.get_logger()
    assert Task.get_task(task_id=state["task"]).get_status() == "completed"
