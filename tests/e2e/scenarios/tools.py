"""The command-line tools of the SDK: clearml-data, clearml-task, clearml-param-search."""

import json
import re
import subprocess
import sys
from pathlib import Path

from clearml import Dataset, Task
from clearml.backend_api.session.client import APIClient

PROJECT = "yard/tools"
FILES = {"a.txt": b"a", "sub/b.bin": bytes(range(256))}

TRIAL = """
import argparse

from clearml import Task

parser = argparse.ArgumentParser()
parser.add_argument("--width", type=int, default=1)
task = Task.init()
arguments = parser.parse_args()
task.get_logger().report_scalar("score", "total", arguments.width ** 2, 0)
"""


def tool(name, *arguments, expect=0):
    """Runs a tool as a person does; answers what it printed."""
    command = [str(Path(sys.executable).with_name(f"clearml-{name}")), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL)
    print(command, done.stdout, done.stderr, sep="\n", flush=True)
    assert done.returncode == expect, f"{command} ended with {done.returncode}"
    return done.stdout


def identifier(text):
    return re.search(r"created id=([0-9a-f]{32})\b", text).group(1)


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def run(state):
    data(state)
    task(state)
    search(state)


def data(state):
    folder = write(state.file("files"), FILES)
    output = tool("data", "create", "--project", PROJECT, "--name", "cli", "--version", "2.0.0", "--tags", "by hand")
    state["first"] = identifier(output)
    tool("data", "add", "--files", folder)
    # The tool remembers the dataset at hand, as a person expects.
    tool("data", "close")
    (folder / "a.txt").write_bytes(b"changed")
    (folder / "c.txt").write_bytes(b"c")
    output = tool(
        "data", "sync", "--project", PROJECT, "--name", "cli", "--folder", folder, "--parents", state["first"]
    )
    state["second"] = identifier(output)
    compared = tool("data", "compare", "--source", state["first"], "--target", state["second"])
    state["compared"] = compared


def task(state):
    script = state.file("job.py")
    script.write_text(TRIAL)
    client = APIClient()
    client.queues.create(name="tools")
    output = tool(
        "task", "--project", PROJECT, "--name", "job", "--script", script, "--args", "width=4", "--queue", "tools",
        "--packages", "clearml", "--docker", "python:3.12", "--tags", "made by", "tool", "--task-type", "testing",
        "--skip-task-init",
    )  # fmt: skip
    state["job"] = identifier(output)


def search(state):
    script = state.file("trial.py")
    script.write_text(TRIAL)
    output = tool(
        "task", "--project", PROJECT, "--name", "trial", "--script", script, "--args", "width=1",
        "--packages", "clearml", "--skip-task-init",
    )  # fmt: skip
    state["trial"] = identifier(output)
    parameter = {"type": "DiscreteParameterRange", "name": "Args/width", "values": [2, 6]}
    tool(
        "param-search", "--project-name", PROJECT, "--task-name", "searching", "--task-id", state["trial"],
        "--params-search", json.dumps(parameter), "--objective-metric-title", "score",
        "--objective-metric-series", "total", "--objective-metric-sign", "max", "--optimizer-class", "GridSearch",
        "--max-number-of-concurrent-tasks", 2, "--total-max-jobs", 2, "--pool-period-min", "0.005", "--local",
    )  # fmt: skip


def check(state):
    assert "0 files removed, 1 files modified, 1 files added" in state["compared"], state["compared"]
    listed = tool("data", "list", "--id", state["second"])
    assert {"a.txt", "sub/b.bin", "c.txt"} <= set(re.split(r"[\s|,]+", listed)), listed
    found = tool("data", "search", "--project", PROJECT)
    assert state["first"] in found and state["second"] in found, found
    target = state.file("copy")
    tool("data", "get", "--id", state["second"], "--copy", target)
    copied = {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert copied == {"a.txt": b"changed", "sub/b.bin": FILES["sub/b.bin"], "c.txt": b"c"}, copied
    tool("data", "verify", "--id", state["second"], "--folder", target)
    tool("data", "set-description", "--id", state["first"], "--description", "from the command line")
    tool("data", "publish", "--id", state["second"])
    tool("data", "delete", "--id", state["first"], "--force")
    assert Task.query_tasks(task_filter={"id": [state["first"]]}) == []
    second = Dataset.get(dataset_project=PROJECT, dataset_name="cli", only_published=True)
    assert second.id == state["second"] and second.version == "2.0.1", second.version

    job = Task.get_task(task_id=state["job"])
    assert (job.name, job.get_status(), job.task_type) == ("job", "queued", Task.TaskTypes.testing), job.task_type
    assert job.get_parameters()["Args/width"] == "4" and job.get_base_docker() == "python:3.12"
    assert sorted(job.get_tags()) == ["made by", "tool"], job.get_tags()
    assert job.data.script.diff.strip() == TRIAL.strip(), job.data.script.diff
    client = APIClient()
    queue = client.queues.get_all(name="^tools$")[0]
    assert [entry.task for entry in client.queues.get_by_id(queue=queue.id).entries] == [job.id]

    searching = Task.get_task(project_name=PROJECT, task_name="searching")
    assert searching.task_type == Task.TaskTypes.optimizer and searching.get_status() == "completed"
    trials = Task.get_tasks(task_filter={"parent": searching.id})
    results = {
        trial.get_parameters()["Args/width"]: trial.get_last_scalar_metrics()["score"]["total"]["last"]
        for trial in trials
    }
    assert results == {"2": 4.0, "6": 36.0}, results
    assert all(trial.get_status() == "completed" for trial in trials)
