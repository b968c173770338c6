"""What Trainyard's train does with processes, signals and output, also where it means to differ from the
original: signals reach the script, orphans are reaped, output passes unchanged."""
import os
import signal
import subprocess

import pytest

import container
from container import Container

READY = "import os, signal, sys, time\n"


def script(text, name="train.py", **more):
    return Container(files={name: text}, program=name, **more)


def start_and_wait_for_line(ours, base, case):
    process = container.start(ours, base, case)
    assert process.stdout.readline() == b"ready\n"
    return process


SAVES = READY + """
def stop(number, frame):
    open(os.environ["SM_MODEL_DIR"], "w").write(str(number))
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
signal.pause()
"""


@pytest.mark.parametrize("pytorch", [False, True])
def test_sigterm_reaches_the_script_which_may_end_well(ours, base, pytorch):  # SEMANTICS T2
    process = start_and_wait_for_line(ours, base, script(SAVES, pytorch=pytorch))
    process.send_signal(signal.SIGTERM)
    ended = container.finish(process, base)
    assert ended.code == 0 and ended.success == "" and (base / "model").read_text() == "15"


# Saves for half a second, unless train goes meanwhile: then its agent would end the container.
SAVES_SLOWLY = READY + """
import select
shell = os.getsid(0)
train = os.pidfd_open(int(open(f"/proc/{shell}/stat").read().split()[3]))
def stop(number, frame):
    abandoned = select.select([train], [], [], 0.5)[0]
    open(os.environ["SM_MODEL_DIR"], "w").write("abandoned" if abandoned else str(number))
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
signal.pause()
"""


@pytest.mark.parametrize("pytorch", [False, True])
def test_sigterm_reaches_a_script_behind_a_shell_and_its_end_is_waited_for(ours, base, pytorch):
    # SEMANTICS T2
    case = Container(files={"run.sh": f"#!/bin/sh\n{container.python()} work.py\necho behind\n",
                            "work.py": SAVES_SLOWLY}, program="run.sh", pytorch=pytorch)
    process = start_and_wait_for_line(ours, base, case)
    process.send_signal(signal.SIGTERM)
    ended = container.finish(process, base)
    assert (base / "model").read_text() == "15"  # though the shell died at once
    assert ended.code == 1 and "ExitCode -15" in ended.failure


def test_other_signals_are_passed_on_too(ours, base):  # SEMANTICS T2
    case = script(READY + "signal.signal(signal.SIGUSR1, lambda *a: sys.exit(7))\n"
                  "print('ready', flush=True)\nsignal.pause()\n")
    process = start_and_wait_for_line(ours, base, case)
    process.send_signal(signal.SIGUSR1)
    assert "ExitCode 7" in container.finish(process, base).failure


def test_sigterm_before_the_script_ends_the_program(ours, base, tmp_path):
    """Also as process 1 of a pid namespace, which the kernel shields from signals without a handler."""
    fifo = tmp_path / "source"
    os.mkfifo(fifo)  # opening it blocks: code that never comes
    case = Container(files={}, hyperparameters={"sagemaker_submit_directory": str(fifo)})
    container.build(base, case)
    process = subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", ours, "train"],
        env=container.environment(base, case), stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        while b"is empty, unzipping" not in process.stderr.readline():
            pass
        children = open(f"/proc/{process.pid}/task/{process.pid}/children").read().split()
        os.kill(int(children[0]), signal.SIGTERM)
        assert process.wait(timeout=30) == 143
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("pytorch", [False, True])
def test_a_daemon_left_behind_does_not_hold_the_job(ours, base, pytorch):  # SEMANTICS T3
    case = script(READY + "r, w = os.pipe()\nif os.fork() == 0:\n    os.setsid()\n    os.write(w, b'x')\n"
                  "    time.sleep(3600)\nos.read(r, 1)\nopen(os.environ['SM_MODEL_DIR'], 'w')\n"
                  "print('done', flush=True)\n", pytorch=pytorch)
    process = container.start(ours, base, case, start_new_session=True)
    assert process.wait(timeout=30) == 0
    sleeper = container.processes_in(base)
    for pid in sleeper:
        os.kill(pid, signal.SIGKILL)
    ended = container.finish(process, base)
    assert len(sleeper) == 1 and ended.stdout == "done\n" and ended.success == ""


def test_orphans_are_reaped_while_the_script_runs(ours, base):  # SEMANTICS T3
    case = script(READY + """
r, w = os.pipe()
child = os.fork()
if child == 0:
    if os.fork() == 0:
        os.write(w, b"%d" % os.getpid())  # its parent may be gone already
        os.close(w)
        signal.pause() if os.getppid() == child else None
        os._exit(0)
    os._exit(0)
os.waitpid(child, 0)
os.close(w)
orphan = int(os.read(r, 20))
os.read(r, 1)
end = time.monotonic() + 20
while os.path.exists(f"/proc/{orphan}") and time.monotonic() < end:
    os.sched_yield()
sys.exit(3 if os.path.exists(f"/proc/{orphan}") else 0)
""")
    assert container.run(ours, base, case).code == 0


BYTES = bytes(range(256)) * 3


@pytest.mark.parametrize("pytorch", [False, True])
def test_output_passes_unchanged_and_in_order(ours, base, pytorch):  # SEMANTICS T4
    text = ("import os\nfor i in range(300):\n    os.write(1, b'o%d\\n' % i); os.write(2, b'\\te%d \\r\\n\\n' % i)\n"
            "os.write(1, bytes(range(256)) * 3)\nos.write(1, b'x' * 3_000_000 + b' no end')\n")
    ended = bytes_of(ours, base, script(text, pytorch=pytorch, env={"PYTHONUNBUFFERED": "1"}, hyperparameters={
        "sagemaker_container_log_level": "40"}))
    both = b"".join(b"o%d\n\te%d \r\n\n" % (i, i) for i in range(300)) + BYTES + b"x" * 3_000_000 + b" no end"
    assert ended == both


def bytes_of(ours, base, case):
    """All output by one pipe, as an agent reads it."""
    container.build(base, case)
    return subprocess.run([ours, "train"], env=container.environment(base, case), cwd="/",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60).stdout.replace(
                              b"PyTorch cannot be found\n", b"")


def test_the_error_text_is_whole_lines_however_they_were_written(ours, base):  # SEMANTICS T5
    pieces = script("import os\nfor p in [b'Trace\\n', b'Value', b'Error', b': bad', b' thing\\n', b'next']:\n"
                    "    os.write(2, p)\nos._exit(1)\n", pytorch=True)
    failure = container.run(ours, base, pieces).failure
    assert 'ErrorMessage "ValueError: bad thing\n next"' in failure


def test_a_long_log_after_an_early_error_is_kept_from_its_end(ours, base):  # SEMANTICS T5
    case = script("import sys\nprint('ValueError: only a warning')\nfor i in range(100_000): print('line', i)\n"
                  "print('KeyError: the real one')\nprint('last')\nsys.exit(1)\n", pytorch=True)
    failure = container.run(ours, base, case).failure
    assert 'ErrorMessage "KeyError: the real one\n last"' in failure and len(failure) < 1000


def test_a_closed_reader_does_not_stop_the_training(ours, base):
    case = script(READY + "print('ready', flush=True)\nsys.stdin.read()\nfor i in range(50_000): print('x' * 60)\n"
                  "open(os.environ['SM_MODEL_DIR'], 'w')\n", pytorch=True)
    container.build(base, case)
    process = subprocess.Popen([ours, "train"], env=container.environment(base, case), cwd="/",
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    process.stdout.close()
    process.stdin.close()
    assert process.wait(timeout=60) == 0 and (base / "model").exists()


@pytest.mark.parametrize("flag", ["sagemaker_pytorch_ddp_enabled",
                                  "sagemaker_distributed_dataparallel_enabled",
                                  "sagemaker_pytorch_xla_multi_worker_enabled"])
def test_a_launcher_is_refused_never_replaced(ours, base, flag):  # SEMANTICS T9
    ended = container.run(ours, base, Container(pytorch=True, hyperparameters={flag: "true"}))
    assert ended.code == 1 and ended.seen is None and flag in ended.failure and "\n" not in ended.failure


def test_codeartifact_is_refused(ours, base):  # SEMANTICS T10
    case = Container(env={"CA_REPOSITORY_ARN": "arn:aws:codeartifact:x"},
                     files={"train.py": container.DUMP, "requirements.txt": ""})
    ended = container.run(ours, base, case)
    assert ended.code == 1 and ended.seen is None and "CA_REPOSITORY_ARN" in ended.failure


@pytest.mark.parametrize("ending, code", [("", 2), ("sys.exit(2)\n", 1)])
def test_a_result_that_cannot_be_written_is_no_success(ours, base, ending, code):  # SEMANTICS T6
    case = script("import shutil, os, sys\nshutil.rmtree(os.environ['SM_OUTPUT_DIR'])\n" + ending)
    assert container.run(ours, base, case).code == code


def test_a_variable_too_large_for_the_kernel_is_left_out(ours, base):  # SEMANTICS T11
    many = {f"p{i}": "x" * 9_300 for i in range(14)}  # SM_HPS just fits
    ended = container.run(ours, base, Container(hyperparameters=many))
    assert ended.code == 0 and "SM_TRAINING_ENV" not in ended.seen["env"]
    assert ended.seen["env"]["SM_HP_P9"] == "x" * 9_300
    assert "Leaving out variable SM_TRAINING_ENV" in ended.stderr


def test_an_argument_too_large_for_the_kernel_is_named(ours, base):  # SEMANTICS T11
    ended = container.run(ours, base, Container(hyperparameters={"big": "x" * 140_000}))
    assert ended.code == 7 and "'big' makes an argument of 140000 bytes" in ended.failure


@pytest.mark.parametrize("name, value, says, code", [
    ("with_nul", '"x\\u0000y"', "the value of the hyperparameter 'with_nul': embedded null byte", 1),
    ("deep_nul", '{"k": "x\\u0000y"}', "the value of the hyperparameter 'deep_nul': embedded null byte", 1),
    ("lone", '"\\ud800"', "the value of the hyperparameter 'lone': a lone surrogate cannot be encoded", 1),
    ("Nul\0Name", "1", r"the name of the hyperparameter 'Nul\x00Name': embedded null byte", 1),
    ("Lone\ud800", "1", r"the name of the hyperparameter 'Lone\ud800': a lone surrogate cannot", 1),
    ("key=value", "1", "the hyperparameter 'key=value' has a '=' in its name", 1),
    ("big", "x" * (200 << 10), "the hyperparameter 'big' makes an argument of 204800 bytes, more than", 7)])
@pytest.mark.parametrize("pytorch", [False, True])
def test_a_hyperparameter_that_no_program_can_be_given_is_named(ours, base, pytorch, name, value, says, code):
    # SEMANTICS T11, T24
    ended = container.run(ours, base, Container(pytorch=pytorch, hyperparameters={"lr": "0.1", name: value}))
    assert ended.failure.startswith(f"Framework Error: \n{says}"), ended.failure[:300]
    assert ended.code == code and ended.seen is None and len(ended.failure) < 300


def test_what_is_too_much_in_one_shell_line_is_refused(ours, base):  # SEMANTICS T11
    """A program of the source is run by a shell, whose line has all arguments in one."""
    many = {f"p{n}": "x" * 20_000 for n in range(7)}
    ended = container.run(ours, base, script("#!/bin/sh\n", "run.sh", hyperparameters=many))
    assert ended.code == 7 and "start /bin/sh: an argument of 140" in ended.failure


@pytest.mark.parametrize("name", ["tools", "tools.sh", "link"])
@pytest.mark.parametrize("pytorch", [False, True])
def test_an_entry_point_that_is_a_directory_is_refused(ours, base, name, pytorch):  # SEMANTICS T24
    def prepare(at):
        (at / "code/link").symlink_to("tools")
        for directory in ("tools", "tools.sh"):
            (at / "code" / directory).chmod(0o750)

    case = Container(program=name, pytorch=pytorch, prepare=prepare, files={
        "tools/run.sh": "#!/bin/sh\n", "tools.sh/run.sh": "#!/bin/sh\n"})
    ended = container.run(ours, base, case)
    assert ended.code == 1 and ended.failure == (
        f"The training entry point '{name}' is a directory, which cannot be run. Set the "
        "'sagemaker_program' hyperparameter (or ContainerEntrypoint) to a file of your source directory "
        "-- for example 'train.py' or 'bin/train.sh'.")
    assert {(base / "code" / d).stat().st_mode & 0o777 for d in ("tools", "tools.sh")} == {0o750}


def test_a_directory_with_a_main_program_is_pythons_to_run(ours, base):  # SEMANTICS T1
    case = Container(program="app.py", files={"app.py/__main__.py": container.DUMP})
    assert container.run(ours, base, case).seen["argv"] == ["app.py"]


def test_an_image_without_python_says_so(ours, base):
    ended = container.run(ours, base, Container(env={"PATH": "/nonexistent", "TRAINYARD_PYTHON": ""}))
    assert ended.code == 1 and "no python3 or python on PATH" in ended.failure


def test_gpus_and_neurons_are_counted_as_the_tools_list_them(ours, original, base, tmp_path):
    # SEMANTICS T17
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in (("nvidia-smi", "GPU 0: A\n  MIG 1g Device\nGPU 1: B\n"),
                       ("neuron-ls", '[{"nc_count": 2}, {"nc_count": 4}, {}]'), ("smddprun", "")):
        (tools / name).write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
        (tools / name).chmod(0o755)
    case = Container(env={"PATH": f"{tools}:{container.VENV}/bin:/usr/bin:/bin"})
    theirs, mine = container.run(original, base, case), container.run(ours, base, case)
    for name in ("SM_NUM_GPUS", "SM_NUM_NEURONS", "SM_TRAINING_ENV"):
        assert mine.seen["env"][name] == theirs.seen["env"][name]
    assert mine.seen["env"]["SM_NUM_GPUS"] == "2"


def test_hosts_are_waited_for_and_localhost_is_known(ours, base):
    case = Container(env={"SM_STUDIO_LOCAL_MODE": "false"},
                     resources={"current_host": "localhost", "hosts": ["localhost", "127.0.0.3"]})
    assert container.run(ours, base, case).code == 0


def test_torch_is_found_without_starting_python(ours, base, tmp_path):  # SEMANTICS T14
    (tmp_path / "lib/torch").mkdir(parents=True)
    (tmp_path / "lib/torch/version.py").write_text("__all__ = []\n__version__ = '2.1.0+cu118'\ndebug = False\n")
    ended = container.run(ours, base, Container(pytorch=True, env={"PYTHONPATH": str(tmp_path / "lib")}))
    assert ended.seen["env"]["SM_DLC_TORCH_VERSION"] == "2.1.0+cu118"


def test_other_framework_modules_are_handed_to_python(ours, base, tmp_path):  # SEMANTICS T15
    (tmp_path / "own_framework.py").write_text(
        "import os, sys\ndef main():\n    open(os.environ['SAGEMAKER_BASE_DIR'] + '/ran', 'w').write(repr(sys.argv))\n")
    case = Container(env={"SAGEMAKER_TRAINING_MODULE": "own_framework:main", "PYTHONPATH": str(tmp_path)})
    for python in (container.python(), "/usr/bin/python3"):  # with sagemaker_training and without
        case.env["TRAINYARD_PYTHON"] = python
        ended = container.run(ours, base, case)
        assert ended.code == 0 and ended.success == "", ended.stderr
        assert (base / "ran").read_text() == "['train']"


def test_it_is_static(ours):  # SEMANTICS T18
    described = subprocess.run(["readelf", "-l", ours], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in described and "DYNAMIC" not in described
    assert ours.stat().st_size < 2 << 20 or ours.parent.name == "asan"
