"""A service whose power can be cut: what it has not synced is gone (power_cut.c, LevelDB's method)."""

import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import subprocess
import unittest.mock

from service import TRAINYARD, Service, wait_until

HERE = pathlib.Path(__file__).parent


def compiler():
    return next(c for c in ("clang-19", "cc", "gcc", "clang") if shutil.which(c))


class Powered(Service):
    def __init__(self, directory, settings, program=TRAINYARD):
        super().__init__(directory, settings, program=program)
        self.directory, self.cuts = pathlib.Path(directory), 0
        self.shim = self.directory / "power_cut.so"
        subprocess.run([compiler(), "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", self.shim,
                        HERE / "power_cut.c", "-ldl", "-lpthread"], check=True)
        self.power_cut_id = ctypes.CDLL(str(self.shim)).power_cut_id
        self.data.mkdir(mode=0o755)  # where the user says; what is in it is the service's

    @property
    def kept(self):
        return self.directory / f"kept-{self.cuts}"

    def start(self):
        self.kept.mkdir(exist_ok=True)
        shim = {"LD_PRELOAD": str(self.shim), "POWER_CUT_DATA": str(self.data),
                "POWER_CUT_KEPT": str(self.kept)}
        with unittest.mock.patch.dict(os.environ, shim):
            return super().start()

    def cut(self, names):
        """Ends all at once. `names`: "synced" keeps of each directory the names of its last fsync,
        "all" keeps all names: the disk wrote the directories, but not the contents. The jobs whose
        agents died."""
        self.kill()
        jobs = self.end_agents()
        kept, before = self.kept, self.data.rename(self.directory / "before")
        self.cuts += 1
        self.data.mkdir(mode=0o755)
        if names == "synced":
            self.restore_synced(kept, self.identity(before), self.data)
        else:
            self.restore_all(kept, before, self.data)
        shutil.rmtree(before)
        shutil.rmtree(kept)
        return jobs

    def end_agents(self):
        """What dies with the machine, and what the kernel would have forgotten with it; the files
        stay for the disk to keep or to lose."""
        while processes := list(self.processes()):
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, 9)
        jobs = set()
        for instance in self.data.glob("scratch/instances/*"):
            with contextlib.suppress(OSError, ValueError):
                jobs.add(json.loads((instance / "spec.json").read_text())["JobName"])
            self.forget(instance)
        return jobs

    def processes(self):
        """The agents, those that remove what one left, and what the service had just forked to become
        either. A reaper that went on would take the place of an agent of the next service."""
        data = bytes(self.data)
        ours = (b"agent\0--spec\0" + data, b"agent\0--reap\0" + data, b"serve\0--data\0" + data)
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if any(words in (process / "cmdline").read_bytes() for words in ours):
                    yield int(process.name)

    def forget(self, instance):
        """Removes processes, mounts and control groups of an instance: the reaper, on a copy of
        what it needs, so that the files are not its business."""
        aside = self.directory / "aside" / instance.name
        (aside / "scratch").mkdir(parents=True)
        with contextlib.suppress(OSError):
            shutil.copyfile(instance / "scratch/init", aside / "scratch/init")
        wait_until(lambda: subprocess.run([TRAINYARD, "agent", "--reap", aside],
                                          stderr=subprocess.DEVNULL).returncode == 0,
                   f"{instance} was removed")

    def identity(self, path):
        out = ctypes.create_string_buffer(64)
        assert self.power_cut_id(os.fsencode(path), out, len(out)) == 0, path
        return out.value.decode()

    def restore_synced(self, kept, identity, to):
        names = kept / f"d-{identity}"
        for entry in names.read_bytes().split(b"\0")[:-1] if names.exists() else []:
            kind, mode, uid, gid, inner, name = entry.split(b" ", 5)
            path = to / os.fsdecode(name)
            if kind == b"d":
                path.mkdir()
                self.restore_synced(kept, inner.decode(), path)
            else:
                self.restore_content(kept, inner.decode(), path)
            os.chown(path, int(uid), int(gid))
            path.chmod(int(mode, 8))

    def restore_all(self, kept, directory, to):
        for path in directory.iterdir():
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                continue
            new = to / path.name
            if path.is_dir():
                new.mkdir()
                self.restore_all(kept, path, new)
            else:
                self.restore_content(kept, self.identity(path), new)
            st = path.stat()
            os.chown(new, st.st_uid, st.st_gid)
            new.chmod(st.st_mode & 0o7777)

    def restore_content(self, kept, identity, to):
        """What was never synced is empty."""
        content = kept / f"f-{identity}"
        if content.exists():
            shutil.copyfile(content, to)
        else:
            to.touch()
