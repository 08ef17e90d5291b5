"""Finding tasks and projects, copying, moving, publishing, archiving and deleting them."""

from clearml import Task

PROJECT = "yard/queries/sub project (a+b)"


def run(state):
    ids = {}
    for name, tags in (("alpha", ["one"]), ("beta", ["one", "two"]), ("alphabet", [])):
        task = Task.create(project_name=PROJECT, task_name=name, task_type=Task.TaskTypes.testing)
        task.set_tags(tags)
        task.set_parameters({"General/n": len(name), "General/name": name})
        ids[name] = task.id
    Task.get_task(task_id=ids["beta"]).mark_started(force=True)
    Task.get_task(task_id=ids["beta"]).mark_completed(force=True)
    state["ids"] = ids


def check(state):
    ids = state["ids"]

    def names(**query):
        return sorted(task.name for task in Task.get_tasks(**query))

    assert names(project_name=PROJECT) == ["alpha", "alphabet", "beta"]
    assert names(project_name=PROJECT, task_name="alpha") == ["alpha", "alphabet"]
    assert names(project_name=PROJECT, task_name="^alpha$") == ["alpha"]
    assert names(project_name=PROJECT, tags=["one"]) == ["alpha", "beta"]
    assert names(project_name=PROJECT, tags=["__$all", "one", "two"]) == ["beta"]
    assert names(project_name=PROJECT, tags=["one", "-two"]) == ["alpha"]
    assert names(task_filter={"status": ["completed"]}, project_name=PROJECT) == ["beta"]
    ordered = Task.get_tasks(project_name=PROJECT, task_filter={"order_by": ["-hyperparams.General.n"]})
    assert [task.name for task in ordered] == ["alphabet", "alpha", "beta"], [task.name for task in ordered]
    assert sorted(Task.query_tasks(project_name=PROJECT)) == sorted(ids.values())
    rows = Task.query_tasks(project_name=PROJECT, additional_return_fields=["name", "status"])
    assert {row["name"]: str(row["status"]) for row in rows}["beta"] == "completed", rows
    found = Task.get_task(project_name=PROJECT, task_name="beta")
    assert found.id == ids["beta"]

    project = Task.get_project_id(PROJECT)
    assert project and project == found.project
    assert PROJECT in {project.name for project in Task.get_projects()}

    copy = Task.clone(source_task=ids["alpha"], name="copy", comment="of alpha", parent=ids["alpha"])
    copy = Task.get_task(task_id=copy.id)
    assert copy.get_parameters()["General/name"] == "alpha" and copy.parent == ids["alpha"]
    assert copy.get_status() == "created" and copy.get_tags() == ["one"], copy.get_tags()
    copy.set_parameter("General/name", "changed")
    assert Task.get_task(task_id=ids["alpha"]).get_parameter("General/name") == "alpha"

    assert copy.move_to_project(new_project_name="yard/queries/elsewhere")
    assert Task.get_task(task_id=copy.id).get_project_name() == "yard/queries/elsewhere"
    copy.rename("renamed")
    assert Task.get_task(task_id=copy.id).name == "renamed"
    copy.set_archived(True)
    assert Task.get_task(task_id=copy.id).get_archived()
    assert copy.id not in Task.query_tasks(project_name="yard/queries/elsewhere", task_filter={"system_tags": ["-archived"]})

    beta = Task.get_task(task_id=ids["beta"])
    beta.publish()
    assert Task.get_task(task_id=ids["beta"]).get_status() == "published"

    assert copy.delete(raise_on_error=True)
    assert copy.id not in Task.query_tasks(project_name="yard/queries/elsewhere")
    gone = Task.query_tasks(task_filter={"id": [copy.id]})
    assert gone == [], gone
