"""Scalars and single values: every point, last values, minimum and maximum."""

import math

from clearml import Task

POINTS = 120


def value(iteration):
    return math.sin(iteration / 9) * 10


def run(state):
    task = Task.init("yard/scalars", "curves", reuse_last_task_id=False, auto_resource_monitoring=False)
    logger = task.get_logger()
    for iteration in range(POINTS):
        if iteration == POINTS // 2:
            # A point that is sent again replaces the old one.
            task.flush(wait_for_uploads=True)
            logger.report_scalar("loss", "train", 777.0, 5)
        logger.report_scalar("loss", "train", value(iteration), iteration)
        logger.report_scalar("loss", "validation/ü", value(iteration) + 1, iteration)
        if iteration % 10 == 0:
            logger.report_scalar("lr", "lr", 0.1 / (1 + iteration), iteration)
    logger.report_single_value("accuracy", 0.75)
    logger.report_single_value("accuracy", 0.875)
    logger.report_single_value("parameters", 12345678)
    logger.report_scalar("huge", "x", 1e300, 0)
    logger.report_scalar("tiny", "x", -1e-300, 0)
    state["task"] = task.id
    task.close()


def check(state):
    task = Task.get_task(task_id=state["task"])
    scalars = task.get_reported_scalars()
    train = scalars["loss"]["train"]
    assert train["x"] == list(range(POINTS)), train["x"]
    expected = [777.0 if i == 5 else value(i) for i in range(POINTS)]
    assert all(math.isclose(got, want, rel_tol=1e-9) for got, want in zip(train["y"], expected)), train["y"]
    assert len(scalars["loss"]["validation/ü"]["y"]) == POINTS
    assert scalars["lr"]["lr"]["x"] == list(range(0, POINTS, 10))
    assert scalars["huge"]["x"]["y"] == [1e300] and scalars["tiny"]["x"]["y"] == [-1e-300]

    thinned = task.get_reported_scalars(max_samples=10)["loss"]["train"]
    assert 1 < len(thinned["x"]) <= 12, thinned

    raw = task.get_all_reported_scalars()
    assert raw["loss"]["train"]["x"] == list(range(POINTS)), raw["loss"]["train"]
    assert raw["loss"]["train"]["y"][5] == 777.0

    last = task.get_last_scalar_metrics()["loss"]["train"]
    assert math.isclose(last["last"], value(POINTS - 1)), last
    assert last["max"] == 777.0, last
    assert math.isclose(last["min"], min(value(i) for i in range(POINTS)), rel_tol=1e-9), last
    assert task.get_last_iteration() == POINTS - 1, task.get_last_iteration()

    single = task.get_reported_single_values()
    assert single == {"accuracy": 0.875, "parameters": 12345678}, single
    assert task.get_reported_single_value("accuracy") == 0.875
    assert task.get_reported_single_value("nothing") is None
