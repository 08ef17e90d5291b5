"""Work without a connection: a session recorded on disk, then imported into the server."""

import numpy as np
from clearml import StorageManager, Task
from PIL import Image

PROJECT = "yard/offline"


def run(state):
    state.part("offline", "recorded")
    state.part("offline", "imported")


def part_recorded(state):
    Task.set_offline(True)
    task = Task.init(PROJECT, "recorded", reuse_last_task_id=False, auto_resource_monitoring=False, output_uri=True)
    assert task.id.startswith("offline-"), task.id
    task.connect({"rate": 0.5, "name": "ünïcode"})
    task.connect_configuration({"layers": [1, 2]}, name="model")
    task.set_tags(["without a connection"])
    task.set_user_properties(owner="Ann")
    logger = task.get_logger()
    for iteration in range(5):
        logger.report_scalar("loss", "train", 1.0 / (iteration + 1), iteration)
    logger.report_single_value("final", 0.2)
    logger.report_text("a line for the console")
    logger.report_histogram("values", "h", values=np.array([1, 2, 3]), iteration=0)
    logger.report_image("images", "noise", iteration=0, image=np.full((6, 9, 3), 80, dtype=np.uint8))
    task.upload_artifact("facts", {"recorded": True})
    task.flush(wait_for_uploads=True)
    folder = task.get_offline_mode_folder()
    task.close()
    state["session"] = f"{folder}.zip"


def part_imported(state):
    state["task"] = Task.import_offline_session(state["session"])
    assert state["task"] and not state["task"].startswith("offline-"), state["task"]


def check(state):
    task = Task.get_task(task_id=state["task"])
    assert task.name.endswith("recorded") and task.get_project_name() == PROJECT, task.name
    assert task.get_status() == "completed", task.get_status()
    parameters = task.get_parameters(cast=True)
    assert (parameters["General/rate"], parameters["General/name"]) == (0.5, "ünïcode"), parameters
    assert task.get_configuration_object_as_dict("model") == {"layers": [1, 2]}
    assert "without a connection" in task.get_tags(), task.get_tags()
    assert task.get_user_properties(value_only=True) == {"owner": "Ann"}
    series = task.get_reported_scalars()["loss"]["train"]
    assert series["x"] == [0, 1, 2, 3, 4], series
    assert np.allclose(series["y"], [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]), series
    assert task.get_reported_single_value("final") == 0.2
    assert "a line for the console" in "\n".join(task.get_reported_console_output(number_of_reports=50))
    assert [plot["metric"] for plot in task.get_reported_plots()] == ["values"]
    sample = task.get_debug_samples("images", "noise")[0]
    assert Image.open(StorageManager.get_local_copy(sample["url"])).size == (9, 6)
    assert task.artifacts["facts"].get() == {"recorded": True}
