"""Parameters, configuration objects, tags, user properties: set by a run, read back as text and as types."""

import argparse
import sys

from clearml import Task

PROJECT = "yard/parameters ü"
CONFIG = {"model": {"layers": [64, 32], "name": "größe"}, "dropout": 0.25, "empty": {}}
HOCON = 'optimizer {\n  name: "adam"\n  lr = 0.01\n}\n'


def run(state):
    sys.argv = ["train.py", "--epochs", "7"]
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--name", default="a.b__c $x")
    parser.add_argument("--flag", action="store_true")

    task = Task.init(PROJECT, "everything that is set", tags=["zeta", "alpha"], reuse_last_task_id=False)
    arguments = parser.parse_args()
    assert arguments.epochs == 7

    connected = task.connect({"lr": 0.125, "nested": {"deep": {"k": [1, 2]}}, "none": None, "yes": True})
    assert connected["lr"] == 0.125
    task.connect({"a.b": 1, "c__d": "x"}, name="Other section")
    configuration = task.connect_configuration(CONFIG, name="network")
    assert configuration == CONFIG
    state.file("optimizer.conf").write_text(HOCON)
    path = task.connect_configuration(str(state.file("optimizer.conf")), name="optimizer")
    assert open(path).read() == HOCON
    task.set_configuration_object("words", config_text="one\ntwo", description="two words")
    task.connect_label_enumeration({"cat": 0, "dog": 1})

    task.set_user_properties(owner="ann", budget=12, note={"value": "x", "description": "why"})
    task.add_tags(["mid", "zeta"])
    task.set_comment("Line one\nline two: äöü")
    task.set_parameter("General/late", "after")
    task.set_progress(40)
    state["task"] = task.id
    task.close()


def check(state):
    task = Task.get_task(task_id=state["task"])
    assert task.name == "everything that is set"
    assert task.get_project_name() == PROJECT
    assert task.get_status() == "completed", task.get_status()
    assert sorted(task.get_tags()) == ["alpha", "mid", "zeta"], task.get_tags()
    assert task.comment == "Line one\nline two: äöü"
    assert task.task_type in ("training", Task.TaskTypes.training)

    text = task.get_parameters()
    assert text["Args/epochs"] == "7", text
    assert text["Args/name"] == "a.b__c $x", text
    assert text["Args/flag"] in ("False", "false"), text
    assert text["General/lr"] == "0.125", text
    assert text["General/nested/deep/k"] == "[1, 2]", text
    assert text["General/none"] == "", text
    assert text["General/late"] == "after", text
    assert text["Other section/a.b"] == "1" and text["Other section/c__d"] == "x", text

    typed = task.get_parameters(cast=True)
    assert typed["Args/epochs"] == 7 and typed["General/lr"] == 0.125 and typed["General/yes"] is True, typed
    nested = task.get_parameters_as_dict(cast=True)
    assert nested["General"]["nested"]["deep"]["k"] == [1, 2], nested

    assert task.get_configuration_object_as_dict("network") == CONFIG
    assert task.get_configuration_object("optimizer") == HOCON
    assert task.get_configuration_object("words") == "one\ntwo"
    assert set(task.get_configuration_objects()) >= {"network", "optimizer", "words"}
    assert task.get_labels_enumeration() == {"cat": 0, "dog": 1}, task.get_labels_enumeration()

    properties = task.get_user_properties()
    assert properties["owner"]["value"] == "ann" and properties["budget"]["value"] == "12", properties
    assert properties["note"]["description"] == "why", properties
    # The SDK sets 100 when it closes a task.
    assert task.get_progress() in (40, 100), task.get_progress()

    script = task.get_script()
    assert script["entry_point"], script
