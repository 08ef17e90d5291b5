"""A short training run with one thing of every kind that the pages show: `train.py STATE`.

STATE is a JSON file that gets the ids of the task and of its project.
"""

import json
import math
import random
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import plotly.graph_objects as go
from clearml import Task

EPOCHS = 40
random.seed(11)
picture = np.random.default_rng(11)

task = Task.init("vision/defect-detection", "yolo11m-1280", reuse_last_task_id=False)
task.add_tags(["prod-candidate"])
task.connect({"epochs": EPOCHS, "lr0": 0.01, "optimizer": "AdamW", "mosaic": 0.0}, name="General")
task.connect_configuration({"names": ["scratch", "dent"], "path": "/data"}, name="dataset")
log = task.get_logger()

for epoch in range(EPOCHS):
    train = 3 * math.exp(-epoch / 12) + random.random() * 0.1
    log.report_scalar("loss", "train", train, epoch)
    log.report_scalar("loss", "val", train + 0.15 + random.random() * 0.1, epoch)
    log.report_scalar("mAP50", "val", 0.9 * (1 - math.exp(-epoch / 10)) + random.random() * 0.02, epoch)
    print(f"epoch {epoch}: \x1b[32mloss\x1b[0m {train:.4f}")
print("confusion of the validation set:\n  scratch  41   3\n  dent      5  38", flush=True)
print("WARNING: 3 images of the validation set have no labels")

log.report_single_value("best mAP50", 0.893)
log.report_plotly("precision and recall", "val", go.Figure([go.Scatter(x=[0, 0.5, 1], y=[1, 0.8, 0.2])]), EPOCHS - 1)
plt.plot([1, 2, 3], [3, 1, 2])
plt.title("learning rate")
plt.show()
for nth in range(2):
    pixels = picture.integers(0, 255, (120, 160, 3)).astype("uint8")
    log.report_image("samples", f"sheet {nth}", iteration=EPOCHS - 1, image=pixels)
task.upload_artifact("metrics", {"mAP50": 0.893})
task.flush(wait_for_uploads=True)
Path(sys.argv[1]).write_text(json.dumps({"task": task.id, "project": task.project}))
task.close()
