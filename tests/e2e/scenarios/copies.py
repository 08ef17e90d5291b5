"""Tasks created from scripts, copied, exported and imported, put into queues and taken out again."""

from clearml import Task, TaskTypes
from clearml.backend_api.session.client import APIClient
from clearml.backend_interface.session import SendError

PROJECT = "yard/copies"
SCRIPT = "print('hello from a script')\n"


def run(state):
    script = state.file("hello.py")
    script.write_text(SCRIPT)
    for kind in TaskTypes:
        task = Task.create(
            PROJECT,
            f"a {kind}",
            task_type=kind.value,
            script=str(script),
            packages=["numpy==1.26.4", "requests"],
            argparse_args=[("epochs", "3"), ("rate", "0.1")],
            add_task_init_call=False,
        )
        state[kind.value] = task.id
    base = Task.get_task(task_id=state["training"])
    base.set_tags(["base"])
    base.set_comment("the one that is copied")
    base.set_base_docker("python:3.12", docker_arguments=["--ipc=host"], docker_setup_bash_script=["echo ready"])
    base.set_configuration_object("model.yaml", config_text="layers: 3\n", description="its layers", config_type="yaml")
    base.set_user_properties(owner="Ann", budget=12.5)
    base.set_user_properties({"name": "region", "value": "north", "description": "where it runs"})
    base.set_parameter("Args/epochs", 5, description="how often", value_type=int)


def check(state):
    base = Task.get_task(task_id=state["training"])
    for kind in TaskTypes:
        task = Task.get_task(task_id=state[kind.value])
        assert task.task_type == kind and task.name == f"a {kind}", (task.task_type, kind)
    assert base.data.script.diff.strip() == SCRIPT.strip() and base.data.script.entry_point.endswith("hello.py"), base.data.script.to_dict()
    assert "numpy==1.26.4" in base.data.script.requirements["pip"], base.data.script.requirements
    assert base.get_base_docker() == "python:3.12 --ipc=host", base.get_base_docker()
    properties = base.get_user_properties()
    assert {name: item["value"] for name, item in properties.items()} == {
        "owner": "Ann",
        "budget": "12.5",
        "region": "north",
    }, properties
    assert properties["region"]["description"] == "where it runs"
    assert base.delete_user_properties([("properties", "owner")])
    assert set(Task.get_task(task_id=base.id).get_user_properties()) == {"budget", "region"}

    copied(base)
    exported(base)
    queued(base)
    found(state)


def copied(base):
    copy = Task.clone(base, name="copy", comment="of the base", project=Task.get_project_id(PROJECT))
    copy = Task.get_task(task_id=copy.id)
    assert copy.parent == base.id and copy.comment == "of the base" and copy.get_tags() == ["base"]
    assert copy.get_parameters() == base.get_parameters() and copy.get_parameters()["Args/epochs"] == "5"
    assert copy.get_configuration_object("model.yaml") == "layers: 3\n"
    assert copy.data.container == base.data.container, copy.data.container
    assert copy.data.script.to_dict() == base.data.script.to_dict()
    copy.set_parameters({"Args/epochs": 9})
    copy.update_parameters({"Args/extra": "yes"})
    assert copy.delete_parameter("Args/rate")
    again = Task.get_task(task_id=copy.id).get_parameters()
    assert again == {"Args/epochs": "9", "Args/extra": "yes"}, again
    child = Task.clone(copy, name="grandchild", parent=base.id)
    assert Task.get_task(task_id=child.id).parent == base.id


def exported(base):
    data = base.export_task()
    assert data["id"] == base.id and data["hyperparams"]["Args"]["epochs"]["value"] == "5"
    imported = Task.import_task(data)
    assert imported.id != base.id
    imported = Task.get_task(task_id=imported.id)
    assert imported.get_parameters() == base.get_parameters()
    assert imported.get_configuration_object("model.yaml") == "layers: 3\n"
    assert imported.name == base.name and imported.get_project_name() == PROJECT and imported.get_tags() == ["base"]
    assert imported.data.script.to_dict() == base.data.script.to_dict()
    assert imported.get_user_properties(value_only=True) == base.get_user_properties(value_only=True)
    assert imported.get_status() == "created" and imported.data.container == base.data.container

    # Into a task that is there already, some of it replaced.
    data["comment"] = "imported again"
    data["hyperparams"]["Args"]["epochs"]["value"] = "11"
    assert Task.import_task(data, target_task=imported.id, update=True)
    again = Task.get_task(task_id=imported.id)
    assert again.get_parameter("Args/epochs") == "11" and again.comment == "imported again", again.comment


def queued(base):
    client = APIClient()
    queue = client.queues.create(name="copies queue", tags=["cpu"])
    tasks = [Task.clone(base, name=f"queued {number}") for number in range(3)]
    for task in tasks:
        answer = Task.enqueue(task, queue_name="copies queue")
        assert answer.queued == 1, answer
        assert Task.get_task(task_id=task.id).get_status() == "queued"
    assert Task.get_num_enqueued_tasks(queue_name="copies queue") == 3
    assert Task.get_num_enqueued_tasks(queue_id=queue.id) == 3
    assert Task.dequeue(tasks[1]).dequeued == 1
    assert Task.get_task(task_id=tasks[1].id).get_status() == "created"
    entries = [entry.task for entry in client.queues.get_by_id(queue=queue.id).entries]
    assert entries == [tasks[0].id, tasks[2].id], entries
    assert Task.get_task(task_id=tasks[0].id).data.execution.queue == queue.id

    # Queued already: refused; with force it starts afresh at the end of the queue.
    try:
        Task.enqueue(tasks[0], queue_name="copies queue")
        raise AssertionError("a queued task was queued a second time")
    except SendError as error:
        assert error.result.meta.result_subcode == 706, error
    assert Task.enqueue(tasks[0], queue_name="copies queue", force=True).queued == 1
    entries = [entry.task for entry in client.queues.get_by_id(queue=queue.id).entries]
    assert entries == [tasks[2].id, tasks[0].id], entries
    try:
        Task.enqueue(tasks[1], queue_name="no such queue")
        raise AssertionError("a task went into a queue that does not exist")
    except ValueError:
        pass


def found(state):
    def names(**query):
        return [row["name"] for row in Task.query_tasks(additional_return_fields=["name"], **query)]

    assert Task.get_by_name("a testing").id == state["testing"]
    kinds = names(project_name=PROJECT, task_filter={"type": ["inference", "qc"], "order_by": ["name"]})
    assert kinds == ["a inference", "a qc"], kinds
    queued = names(project_name=PROJECT, task_filter={"status": ["queued"], "order_by": ["-name"]})
    assert queued == ["queued 2", "queued 0"], queued
    assert names(task_name="^copy$") == ["copy"]
    assert names(project_name=[PROJECT, "yard/none"], task_name="grand") == ["grandchild"]
    assert names(task_filter={"parent": state["training"], "order_by": ["created"]})[:2] == ["copy", "grandchild"]
    by_text = names(task_filter={"_any_": {"fields": ["name", "comment"], "pattern": "OF the base"}})
    assert sorted(by_text) == ["copy", "grandchild"], by_text
    assert names(task_filter={"_all_": {"fields": ["name", "comment"], "pattern": "of the base"}}) == []
    with_parameter = names(
        task_filter={"hyperparams.Args.extra.value": ["yes"], "order_by": ["name"], "_allow_extra_fields_": True}
    )
    assert with_parameter == ["copy", "grandchild"], with_parameter
    rows = Task.query_tasks(
        task_name="^copy$", additional_return_fields=["hyperparams.Args.epochs.value", "project", "tags"]
    )
    assert rows[0]["project"] == Task.get_project_id(PROJECT) and rows[0]["tags"] == ["base"], rows
    tasks = Task.get_tasks(task_ids=[state["qc"], state["testing"]])
    assert sorted(task.name for task in tasks) == ["a qc", "a testing"]
    based = names(project_name=PROJECT, tags=["base"])
    assert len(based) == 7, based
    assert Task.get_project_id("yard/none") is None
    moved = Task.get_task(task_id=state["qc"])
    assert moved.move_to_project(new_project_name="yard/copies moved")
    assert names(project_name="yard/copies moved") == ["a qc"]
    everything = {project.name for project in Task.get_projects()}
    assert {"yard", PROJECT, "yard/copies moved"} <= everything, everything
