"""A server that has no room now answers 503: the SDK repeats its calls by itself, and nothing is lost."""

import logging
import time

from clearml import Task

POINTS = 200
RETRY = "urllib3.util.retry"


def run(state):
    # The reporter may be another process: it inherits the file.
    retries = logging.getLogger(RETRY)
    retries.addHandler(logging.FileHandler(state.file("retries.log")))
    retries.setLevel(logging.DEBUG)
    task = Task.init("yard/pressure", "busy", reuse_last_task_id=False, auto_resource_monitoring=False)
    logger = task.get_logger()
    state.file("started").touch()
    for iteration in range(POINTS):
        logger.report_scalar("loss", "train", iteration / 2, iteration)
        logger.report_text(f"step {iteration}", print_console=False)
        if iteration % 10 == 0:
            task.flush()
            time.sleep(0.5)
    state["task"] = task.id
    task.close()


def check(state):
    told = state.file("retries.log").read_text()
    assert "Incremented Retry" in told, "the server was never busy"
    task = Task.get_task(task_id=state["task"])
    assert task.get_status() == "completed", task.get_status()
    curve = task.get_reported_scalars()["loss"]["train"]
    assert curve["x"] == list(range(POINTS)), curve["x"]
    assert curve["y"] == [iteration / 2 for iteration in range(POINTS)]
    console = "\n".join(task.get_reported_console_output(number_of_reports=1000))
    for iteration in range(POINTS):
        assert console.count(f"step {iteration}\n") + console.endswith(f"step {iteration}") == 1, iteration
