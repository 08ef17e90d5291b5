"""Opens an SDK session and counts its calls: one sign-in, then calls with a version (spec/protocol.md 7.1, 7.2)."""

import requests

paths = []
send = requests.Session.send


def noted(self, request, **kwargs):
    paths.append(request.path_url)
    return send(self, request, **kwargs)


requests.Session.send = noted

from clearml import Task  # noqa: E402
from clearml.backend_api import Session  # noqa: E402

assert Task.get_projects() is not None
assert Task.query_tasks(project_name=None) is not None

logins = [path for path in paths if "auth.login" in path]
assert logins == ["/auth.login"], paths
# The SDK asks for vaults without a version, since the token's feature set says that there may be some.
vaults = [path for path in paths if path.startswith("/users.get_vaults?")]
assert len(vaults) == 1, paths
others = [path for path in paths if path not in logins + vaults]
assert others and all(path.startswith("/v2.") for path in others), paths
assert "/v2.23/projects.get_all" in {path.split("?")[0] for path in others}, paths
assert Session.api_version == "2.23" or Session.check_min_api_version("2.23"), Session.api_version
assert Session.feature_set == "advanced", Session.feature_set
print(*paths, sep="\n")
