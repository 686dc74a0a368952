"""A bare Debian with a systemd of its own, in a network of its own, for as long as a `with` lasts.

It is booted by systemd-nspawn in a network namespace, and reaches the world through this machine. Everything that this
takes (namespace, interfaces, a rule of iptables, the folder) is taken away at the end, also after a failure.
"""

import contextlib
import itertools
import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.processes import wait_until

RELEASE, PACKAGES = "bookworm", "systemd,systemd-sysv,dbus,ca-certificates"
PROGRAMS = ("debootstrap", "systemd-nspawn", "nsenter", "ip", "iptables", "tar")
NETWORKS = "10.203"  # the machine has 10.203.N.2, and this one 10.203.N.1


class Failed(Exception):
    """A command that ended with another code than 0: the message says which, and the end of what it said."""


def why_not():
    """Why no machine can be booted here; empty where one can."""
    if os.geteuid() != 0:
        return "it takes root"
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    return f"not installed: {', '.join(missing)}" if missing else ""


def do(*command, **options):
    """What the command said."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise Failed(f"{' '.join(words)[:300]}\nended with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


def make_bare_root(archive):
    """Debian as its installer leaves it, and nothing else, as a tar."""
    root = archive.parent / "bootstrapped"
    archive.parent.mkdir(parents=True, exist_ok=True)
    do("debootstrap", "--variant=minbase", f"--include={PACKAGES}", RELEASE, root)
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost\n")  # as the installer does
    (root / "etc" / "apt" / "apt.conf.d" / "retries").write_text('Acquire::Retries "5";\n')
    do("tar", "--create", "--file", archive.with_suffix(".part"), "--directory", root, ".")
    archive.with_suffix(".part").rename(archive)
    shutil.rmtree(root)


class Machine:
    """`archive` is the tar of its root; `folder` is where that is unpacked, and does not exist yet."""

    def __init__(self, archive, folder):
        self.archive, self.root = archive, Path(folder)
        self.name = f"recipe{os.getpid() % 100_000}"
        self.network = _free_network()
        self.address = f"{self.network}.2"

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._unpack(stack)
            self._connect(stack)
            self._boot(stack)
            self._stop = stack.pop_all()
        return self

    def __exit__(self, *_raised):
        self._stop.close()

    def run(self, script, seconds=600, **variables):
        """What this script said; it runs as root of the machine, and ends with the first command that fails."""
        return do(
            *("nsenter", "--target", self.pid, "--all", "env", "-i", "HOME=/root", "LC_ALL=C.UTF-8"),
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            *(f"{name}={value}" for name, value in variables.items()),
            *("bash", "-euo", "pipefail", "-c", f"cd; {script}"),
            timeout=seconds,
        )

    def says(self, script):
        """What it said last, without its line's end."""
        return self.run(script).strip()

    def put(self, source, target):
        """Copy a file or a folder of this machine to this path of the other."""
        do("cp", "-a", "--no-preserve=ownership", source, self.root / target.lstrip("/"))

    def write(self, target, text):
        """Make a file of this text. Its /tmp and /run are memory of its own, where nothing arrives from here."""
        (self.root / target.lstrip("/")).write_text(text)

    def save(self, archive):
        """Its root as a tar, to begin another machine with. It is switched off for that."""
        _end(self.process)
        do("tar", "--create", "--file", archive, "--directory", self.root, ".")

    def _unpack(self, stack):
        self.root.mkdir(parents=True)
        stack.callback(shutil.rmtree, self.root, ignore_errors=True)
        do("tar", "--extract", "--file", self.archive, "--directory", self.root)
        shutil.copy("/etc/resolv.conf", self.root / "etc" / "resolv.conf")

    def _connect(self, stack):
        """A namespace with one interface, whose other end is here, and a rule that lets its packets out."""
        within = ("ip", "-n", self.name)
        _for_a_while(stack, ("ip", "netns", "add", self.name), ("ip", "netns", "delete", self.name))
        do("ip", "link", "add", self.name, "mtu", _mtu(), "type", "veth", "peer", "eth0", "netns", self.name)
        do(*within, "link", "set", "eth0", "mtu", _mtu())
        do("ip", "addr", "add", f"{self.network}.1/24", "dev", self.name)
        do(*within, "addr", "add", f"{self.address}/24", "dev", "eth0")
        do("ip", "link", "set", self.name, "up")
        do(*within, "link", "set", "lo", "up")
        do(*within, "link", "set", "eth0", "up")
        do(*within, "route", "add", "default", "via", f"{self.network}.1")
        _let_packets_through(stack)
        rule = ("POSTROUTING", "-s", f"{self.network}.0/24", "-j", "MASQUERADE")
        _for_a_while(stack, ("iptables", "-t", "nat", "-A", *rule), ("iptables", "-t", "nat", "-D", *rule))

    def _boot(self, stack):
        command = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--link-journal=no"]
        command += ["--directory", self.root, "--machine", self.name]
        command += [f"--network-namespace-path=/run/netns/{self.name}"]
        console = stack.enter_context(self.root.with_suffix(".console").open("wb"))
        self.process = process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        stack.callback(_end, process)
        wait_until(lambda: self._is_up(process), seconds=60, what="the machine's start")

    def _is_up(self, process):
        assert process.poll() is None, self.root.with_suffix(".console").read_text()[-2000:]
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if not children:
            return False
        self.pid = children[0]
        with contextlib.suppress(Failed):
            return self.says("systemctl is-system-running --wait || true") in ("running", "degraded")


def _end(process):
    """Power off as a switch does where it is asked for nicely in vain."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _for_a_while(stack, begin, end):
    do(*begin)
    stack.callback(do, *end)


def _let_packets_through(stack):
    switch = Path("/proc/sys/net/ipv4/ip_forward")
    if switch.read_text().strip() == "0":
        switch.write_text("1")
        stack.callback(switch.write_text, "0")


def _mtu():
    """Of the interface that leads out: a larger packet would be lost on the way."""
    (route, *_others) = json.loads(do("ip", "-json", "route", "show", "default"))
    return json.loads(do("ip", "-json", "link", "show", route["dev"]))[0]["mtu"]


def _free_network():
    taken = do("ip", "-oneline", "addr")
    return next(
        network
        for number in itertools.count(os.getpid() % 250)
        if f"{(network := f'{NETWORKS}.{number % 250 + 1}')}." not in taken
    )
