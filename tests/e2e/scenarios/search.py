"""A hyper-parameter search whose trials are local processes: the trials, the best of them, what it archives."""

from clearml import Task
from clearml.automation import DiscreteParameterRange, HyperParameterOptimizer, RandomSearch

PROJECT = "yard/search"
WIDTHS = [1, 2, 3, 5, 8]
TRIALS = 4
KEPT = 2

TRIAL = """
from clearml import Task

task = Task.init()
settings = task.connect({"width": 1, "depth": 1})
score = 10.0 * int(settings["width"]) + int(settings["depth"])
for iteration in range(3):
    task.get_logger().report_scalar("score", "validation", score - 2 + iteration, iteration)
task.get_logger().report_scalar("other", "loss", -score, 2)
"""


def run(state):
    base(state)
    state.part("search", "optimise")


def base(state):
    script = state.file("trial.py")
    script.write_text(TRIAL)
    task = Task.create(PROJECT, "trial", script=str(script), packages=["clearml"], add_task_init_call=False)
    task.set_parameters({"General/width": 1, "General/depth": 1})
    state["base"] = task.id


def part_optimise(state):
    task = Task.init(
        PROJECT,
        "optimiser",
        task_type=Task.TaskTypes.optimizer,
        reuse_last_task_id=False,
        auto_resource_monitoring=False,
    )
    search = HyperParameterOptimizer(
        base_task_id=state["base"],
        hyper_parameters=[
            DiscreteParameterRange("General/width", values=WIDTHS),
            DiscreteParameterRange("General/depth", values=[4]),
        ],
        objective_metric_title="score",
        objective_metric_series="validation",
        objective_metric_sign="max",
        optimizer_class=RandomSearch,
        max_number_of_concurrent_tasks=2,
        save_top_k_tasks_only=KEPT,
        spawn_project=f"{PROJECT}/trials",
        total_max_jobs=TRIALS,
        pool_period_min=0.005,
    )
    search.set_report_period(0.01)
    completed = {}
    assert search.start_locally(
        job_complete_callback=lambda job, value, iteration, parameters, top: completed.update({job: value})
    )
    assert search.wait(timeout=3.0)
    state["top"] = [trial.id for trial in search.get_top_experiments(top_k=3)]
    state["details"] = search.get_top_experiments_details(top_k=1)
    search.stop()
    state["optimiser"], state["completed"] = task.id, completed
    task.close()


def check(state):
    optimiser = Task.get_task(task_id=state["optimiser"])
    assert optimiser.task_type == Task.TaskTypes.optimizer and optimiser.get_status() == "completed"
    assert "optimization" in optimiser.get_tags(), optimiser.get_tags()
    arguments = optimiser.get_parameters()
    assert arguments["General/opt/optimizer_class"] == "RandomSearch", arguments

    trials = Task.get_tasks(task_filter={"parent": optimiser.id, "order_by": ["-created"]})
    assert len(trials) == TRIALS, trials
    scores = {}
    for trial in trials:
        parameters = trial.get_parameters(cast=True)
        score = 10.0 * int(parameters["General/width"]) + 4
        assert trial.get_status() == "completed", (trial.id, trial.get_status())
        assert trial.get_project_name() == f"{PROJECT}/trials"
        assert int(parameters["General/width"]) in WIDTHS and int(parameters["General/depth"]) == 4
        assert trial.get_last_scalar_metrics()["score"]["validation"] == {
            **trial.get_last_scalar_metrics()["score"]["validation"], "last": score, "min": score - 2, "max": score
        }
        scores[trial.id] = score
    assert len(set(scores.values())) == TRIALS, "the search tries no combination twice"
    best = sorted(scores, key=scores.get, reverse=True)
    assert state["top"] == best[:3], (state["top"], scores)
    assert set(state["completed"]) <= set(scores) and state["completed"], state["completed"]

    details = state["details"][0]
    assert details["task_id"] == best[0]
    assert details["hyper_parameters"]["General/depth"] == "4", details
    assert details["metrics"]["score/validation"]["value"] == scores[best[0]], details

    # The same from the server alone, as another person's script asks for it.
    again = HyperParameterOptimizer.get_optimizer_top_experiments(
        objective_metric_title="score",
        objective_metric_series="validation",
        objective_metric_sign="max",
        optimizer_task_id=optimiser.id,
        top_k=2,
    )
    assert [trial.id for trial in again] == best[:2], again
    archived = {trial.id for trial in trials if trial.get_archived()}
    assert archived == set(best[KEPT:]), (archived, scores)
    assert Task.get_task(task_id=state["base"]).get_status() == "created"
    assert any("summary" in plot["metric"] for plot in optimiser.get_reported_plots()), "the table of trials"
