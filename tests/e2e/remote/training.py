"""A training as a person writes it: started at a desk, it sends itself to a queue and goes on where an agent runs it."""

import os
import sys
import time
from pathlib import Path

from clearml import Task

task = Task.init("yard/remote", "training", output_uri=True)
parameters = task.connect({"epochs": 2, "rate": 0.5})
settings = task.connect_configuration({"layers": [8, 8]}, name="net")
task.execute_remotely(queue_name="low")

assert Task.running_locally() is False
print(f"begins with epochs={parameters['epochs']} rate={parameters['rate']} layers={settings['layers']}", flush=True)
print(f"python {sys.prefix}", flush=True)
# Whoever watches lets it go on.
while not Path(os.environ["HOME"], "go-on").exists():
    time.sleep(0.1)
for epoch in range(parameters["epochs"]):
    task.get_logger().report_scalar("loss", "train", 1.0 / (1 + epoch), epoch)
    print(f"epoch {epoch} done", flush=True)
task.upload_artifact("summary", {"epochs": parameters["epochs"]}, wait_on_upload=True)
print("all done", flush=True)
