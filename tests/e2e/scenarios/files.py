"""Files behind one port, with names that need care on every way; they go when their task goes (spec/files.md, case 45)."""

import gzip
import time

import pandas as pd
import requests
from clearml import Task

FRAME = pd.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "ü"]})
NAME = "50% a+b ü & co.csv.gz"
CONTENT = gzip.compress(b"x,y\n1,2\n", mtime=0)


def run(state):
    task = Task.init("yard/files", "50% + ü", reuse_last_task_id=False, auto_resource_monitoring=False)
    state.file("dir").mkdir(exist_ok=True)
    path = state.file("dir") / NAME
    path.write_bytes(CONTENT)
    assert task.upload_artifact("frame", FRAME)
    assert task.upload_artifact("odd + name % ü", str(path))
    state["task"] = task.id
    task.flush(wait_for_uploads=True)
    task.close()


def check(state):
    task = Task.get_task(task_id=state["task"])
    frame = task.artifacts["frame"].get()
    assert list(frame["x"]) == [1, 2, 3] and list(frame["y"]) == ["a", "b", "ü"], frame
    assert task.artifacts["frame"].url.endswith(".csv.gz"), task.artifacts["frame"].url
    odd = task.artifacts["odd + name % ü"]
    with open(odd.get_local_copy(extract_archive=False), "rb") as file:
        assert file.read() == CONTENT
    urls = [artifact.url for artifact in task.artifacts.values()]
    assert len(urls) == 2 and all("/files/" in url for url in urls), urls
    token = task.session.token

    def codes():
        return [requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code for url in urls]

    assert codes() == [200, 200]
    assert task.delete(raise_on_error=True)
    until = time.time() + 30
    while codes() != [404, 404]:
        assert time.time() < until, codes()
        time.sleep(0.5)
