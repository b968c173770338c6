"""Services that root runs, and that an ordinary user runs: each with a /dev/fuse of its own."""

import contextlib
import pathlib
import pwd
import shutil
import tempfile

from service import BUILD, Service, ending

NOBODY = pwd.getpwnam("nobody")
# What mknod makes of it: as udev does, closed to all but root, of no driver, and of another one (null).
OPEN, CLOSED, NONE, OTHER = "-m 666 %s c 10 229", "-m 600 %s c 10 229", "-m 666 %s c 10 255", "-m 666 %s c 1 3"


@contextlib.contextmanager
def running_as(who, settings="", fuse=OPEN):
    """A service of "root"'s or of an "ordinary" user's, and in the end nothing of it."""
    place = pathlib.Path(tempfile.mkdtemp(prefix=f"{who}-service-"))
    try:
        place.chmod(0o755)
        device, programs = place / "dev/fuse", place / "bin"  # wherever the build directory is
        device.parent.mkdir()
        programs.mkdir()
        become = ""
        if who == "ordinary":
            shutil.chown(place, NOBODY.pw_uid, NOBODY.pw_gid)
            become = f"setpriv --reuid={NOBODY.pw_uid} --regid={NOBODY.pw_gid} --clear-groups env HOME={place} "
        inner = (f"mount -t tmpfs none {device.parent} && mknod {fuse % device} && "
                 f"mount --bind {device} /dev/fuse && mount --bind {BUILD} {programs} && "
                 f"exec {become}{programs}/trainyard \"$@\"")
        program = place / "serve"
        program.write_text(f"#!/bin/sh\nexec unshare -m sh -c '{inner}' sh \"$@\"\n")
        program.chmod(0o755)
        with ending(Service(place, settings, program=program)) as service:
            yield service
    finally:
        shutil.rmtree(place)
