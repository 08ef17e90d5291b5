"""Calls that the SDK has no method for, by its own session."""

from clearml import Task


def call(endpoint, /, **body):
    """The data of the answer to `service.action`."""
    service, action = endpoint.split(".")
    response = Task._get_default_session().send_request(service=service, action=action, json=body)
    assert response.ok, f"{endpoint} {body}: {response.text}"
    return response.json()["data"]
