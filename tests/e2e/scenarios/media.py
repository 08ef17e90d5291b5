"""Debug samples: images, HTML, audio and text, uploaded to the file server and downloaded again."""

import io

import numpy as np
from clearml import StorageManager, Task
from PIL import Image

HTML = "<html><body><h1>Grüße</h1></body></html>"


def picture(seed):
    return np.random.default_rng(seed).integers(0, 256, size=(24, 32, 3), dtype=np.uint8)


def run(state):
    task = Task.init("yard/media", "samples", reuse_last_task_id=False, auto_resource_monitoring=False)
    logger = task.get_logger()
    for iteration in range(4):
        logger.report_image("images", "array", iteration=iteration, image=picture(iteration))
    logger.report_image("images", "pil", iteration=0, image=Image.fromarray(picture(50)))
    Image.fromarray(picture(51)).save(state.file("file.png"))
    logger.report_image("images", "file", iteration=0, local_path=str(state.file("file.png")))
    state.file("page.html").write_text(HTML)
    logger.report_media("media", "page", iteration=0, local_path=str(state.file("page.html")))
    logger.report_media("media", "text", iteration=1, stream=io.StringIO("a text"), file_extension="txt")
    logger.report_media("media", "bytes", iteration=1, stream=io.BytesIO(b"RIFF\0\0\0\0WAVE"), file_extension="wav")
    state["task"] = task.id
    task.flush(wait_for_uploads=True)
    task.close()


def download(sample):
    path = StorageManager.get_local_copy(sample["url"], force_download=True)
    assert path, f"could not download {sample['url']}"
    return path


def only(task, metric, variant):
    samples = task.get_debug_samples(metric, variant)
    assert len(samples) == 1, samples
    return download(samples[0])


def check(state):
    task = Task.get_task(task_id=state["task"])
    arrays = task.get_debug_samples("images", "array")
    assert sorted(sample["iter"] for sample in arrays) == [0, 1, 2, 3], arrays
    for sample in arrays:
        pixels = np.array(Image.open(download(sample)).convert("RGB")).astype(int)
        original = picture(sample["iter"]).astype(int)
        assert pixels.shape == original.shape
        # The SDK stores arrays as JPEG or PNG, as it is configured.
        assert np.abs(pixels - original).mean() < 60, "another picture came back"
    latest = task.get_debug_samples("images", "array", n_last_iterations=1)
    assert [sample["iter"] for sample in latest] == [3], latest
    assert np.array_equal(np.array(Image.open(only(task, "images", "file"))), picture(51))
    assert Image.open(only(task, "images", "pil")).size == (32, 24)
    assert open(only(task, "media", "page"), encoding="utf-8").read() == HTML
    assert open(only(task, "media", "text")).read() == "a text"
    assert open(only(task, "media", "bytes"), "rb").read() == b"RIFF\0\0\0\0WAVE"
