"""Plots of every kind that the SDK makes: tables, histograms, matrices, scatters, surfaces, plotly and matplotlib."""

import json

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import plotly.graph_objects as go  # noqa: E402
from clearml import Task  # noqa: E402

FRAME = pd.DataFrame({"name": ["ann", "böb"], "score": [1.5, 2.25]}, index=["r1", "r2"])
MATRIX = np.arange(12).reshape(3, 4)


def run(state):
    task = Task.init("yard/plots", "plots", reuse_last_task_id=False, auto_resource_monitoring=False)
    logger = task.get_logger()
    logger.report_table("tables", "frame", iteration=0, table_plot=FRAME)
    logger.report_table("tables", "rows", iteration=0, table_plot=[["a", "b"], [1, 2]])
    state.file("table.csv").write_text("x,y\n1,2\n3,4\n")
    logger.report_table("tables", "csv", iteration=0, csv=str(state.file("table.csv")))
    logger.report_histogram("histogram", "h", values=[1, 3, 2], iteration=0, xaxis="bin", yaxis="count")
    logger.report_vector("vector", "v", values=[4, 5, 6], iteration=1)
    logger.report_confusion_matrix("confusion", "m", matrix=MATRIX, iteration=1, xaxis="p", yaxis="t")
    logger.report_scatter2d("scatter", "s", scatter=np.array([[0, 1], [1, 4], [2, 9]]), iteration=1, mode="markers")
    logger.report_scatter3d("scatter3", "s", scatter=np.array([[0, 1, 2], [3, 4, 5]]), iteration=1)
    logger.report_surface("surface", "s", matrix=MATRIX, iteration=1)
    figure = go.Figure(data=[go.Bar(x=["a", "b"], y=[3, 1])], layout={"yaxis": {"title": {"text": "height"}}})
    logger.report_plotly("plotly", "bars", figure=figure, iteration=2)
    for iteration in range(3):
        logger.report_scatter2d("repeated", "s", scatter=[[0, iteration]], iteration=iteration)

    plt.figure()
    plt.plot([1, 2, 3], [2, 4, 8])
    plt.title("captured by show")
    plt.show()
    plt.close("all")
    drawn = plt.figure()
    plt.plot([0, 1], [1, 0])
    logger.report_matplotlib_figure("matplotlib", "explicit", figure=drawn, iteration=2)
    plt.close("all")
    state["task"] = task.id
    task.close()


def check(state):
    task = Task.get_task(task_id=state["task"])
    plots = task.get_reported_plots()
    by_name = {(plot["metric"], plot["variant"]): plot for plot in plots}
    data = {name: json.loads(plot["plot_str"])["data"] for name, plot in by_name.items()}

    cells = json.dumps(data["tables", "frame"], ensure_ascii=False)
    assert "böb" in cells and "2.25" in cells, cells
    assert {("tables", "rows"), ("tables", "csv")} <= set(data), set(data)
    assert list(data["histogram", "h"][0]["y"]) == [1, 3, 2]
    assert list(data["vector", "v"][0]["y"]) == [4, 5, 6]
    assert np.array_equal(np.array(data["confusion", "m"][0]["z"]), MATRIX)
    assert [list(map(float, data["scatter", "s"][0][axis])) for axis in "xy"] == [[0, 1, 2], [1, 4, 9]]
    assert [float(v) for v in data["scatter3", "s"][0]["z"]] == [2, 5]
    assert np.array_equal(np.array(data["surface", "s"][0]["z"]), MATRIX)
    bars = data["plotly", "bars"][0]
    assert bars["type"] == "bar" and list(bars["x"]) == ["a", "b"], bars
    # The SDK puts the series' name in place of the title.
    layout = json.loads(by_name["plotly", "bars"]["plot_str"])["layout"]
    assert layout["title"] == "bars" and layout["yaxis"]["title"]["text"] == "height", layout
    assert ("matplotlib", "explicit") in data, set(data)
    shown = [plot for plot in plots if "captured by show" in (plot["metric"], plot["variant"])]
    assert shown, "plt.show() was not captured"

    assert by_name["repeated", "s"]["iter"] == 2, "the newest iteration comes by default"
    history = [p["iter"] for p in task.get_reported_plots(max_iterations=3) if p["metric"] == "repeated"]
    assert sorted(history) == [0, 1, 2], history
