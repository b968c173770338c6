"""Trainyard's train against sagemaker-training 5.1.4 and sagemaker-pytorch-training 3.0.0: the same jobs,
and the script must see the same, the platform find the same, and who reads the log read the same."""
import concurrent.futures
import dataclasses
import pathlib
import re
import threading

import pytest

import container
import generated
from container import DUMP, RESOURCES, Container

FAILING = DUMP + "raise ValueError('bad thing: here')\n"


def hps(**hyperparameters):
    return Container(hyperparameters=hyperparameters)


def resources(**changes):
    merged = {**RESOURCES, **changes}
    return Container(resources={k: v for k, v in merged.items() if v is not ...})


def script(text, name="train.py", **more):
    return Container(files={name: text}, program=name, **more)


def groups(*names):
    return [{"instance_group_name": n, "instance_type": "ml.m5.xlarge", "hosts": [f"algo-{i + 1}"]}
            for i, n in enumerate(names)]


SHELL = "#!/bin/sh\nenv > \"$SM_OUTPUT_DIR/env\"\nprintf '%s\\n' \"$@\"\n"

TORCHRUN = {"sagemaker_torch_distributed_enabled": "true", "sagemaker_instance_type": '"ml.g5.xlarge"'}


def torchrun(types="ml.m5.xlarge", hosts=("algo-1",), program="train.py", env=None, files=None, **more):
    """A job that asks for torchrun. What stands for it shows what it was given."""
    group = {"instance_group_name": "homogeneousCluster", "instance_type": types, "hosts": list(hosts)}
    return Container(pytorch=True, program=program, hyperparameters={**TORCHRUN, **more},
                     files=files or {"train.py": DUMP},
                     resources={**RESOURCES, "hosts": list(hosts), "current_host": hosts[-1],
                                "current_instance_type": types, "instance_groups": [group]},
                     env={"PATH": f"{container.fake_torchrun()}:{container.VENV}/bin:/usr/bin:/bin",
                          "TRAINYARD_PYTHON": f"{container.fake_torchrun()}/python", **(env or {})})


CASES = {
    # Hyperparameters: decoding, names, arguments.
    "hp_none": hps(),
    "hp_types": hps(i="3", f="0.1", e="1e-5", t="true", n="null", s='"text"', bare="text", big="1e22"),
    "hp_numbers": hps(a="01", b="+5", c=".5", d="5.", e="0x10", f="1_000", g="True", h="None", i="",
                      j="-0", k="-0.0", l="1E400", m="NaN", n="-Infinity", o=" 7 ", p="1e16", q="1e15",
                      r="123456789012345678901234567890", s="0.0001", t="0.00001", u="5e-324",
                      v="1.7976931348623157e308", w="2.5e-310", x="9007199254740993.0"),
    "hp_powers": hps(**{f"p{n:03d}": repr(2.0 ** (n * 7 - 1000)) for n in range(280)}),
    "hp_huge_integer": hps(ok="1" * 4300, too_long="1" * 4301),
    "hp_list": hps(l='[1, "a", null, true, {"k": 1.5, "a": []}]', e="[]", n="[[1],[2,[3]]]"),
    "hp_dict": hps(d='{"b": [1, "x"], "a": null, "c": {"z": 1}, "s": "t"}', e="{}"),
    "hp_quotes": hps(a='"it\'s"', b='["it\'s", "say \\"x\\"", "both \' \\""]', c="a b;$(id)`x`&|<>*?"),
    "hp_unicode_values": hps(u='["\\u00e9\\u20ac\\ud83d\\ude00", "\\u00ad\\u200b\\u2028\\u0001\\u007f\\u0085",'
                               ' "\\u00a0\\ue000\\ufeff", "\\n\\r\\t\\\\"]', p='"\\u00e9\\ud83d\\ude00"'),
    "hp_unicode_names": hps(**{"straße": "1", "ﬁn": "2", "ŉ": "3", "ΐ": "4", "ı": "5", "ǆ": "6", "ᾳ": "7",
                               "ა": "8", "𐐨": "9", "ꭰ": "10", "ß": "11", "ͅ": "12"}),
    "hp_odd_names": hps(**{"a-b": "1", "a.b": "2", "a b": "3", "x": "4", "/p": "5", "": "6", "é": "7"}),
    "hp_colliding_names": hps(**{"Lr": "1", "lr": "2", "LR": "3", "z": "1"}),
    "hp_not_texts": hps(i=3, l=[1, "a"], n=None, b=True, f=1.5),
    "hp_equal_keys": Container(program=None, hyperparameters='{"a": "1", "sagemaker_program": "train.py", '
                                                             '"b": "2", "a": "3"}'),
    "hp_equals_sign": hps(**{"a=b": "1"}),
    "hp_nul": hps(a='"x\\u0000y"'),
    "hp_lone_surrogate": hps(a='"\\ud800"'),
    "hp_escaped_byte": hps(a='"\\udc80x"'),
    "hp_sagemaker": hps(sagemaker_job_name='"job-7"', sagemaker_region='"eu-west-1"', sagemaker_other="1",
                        sagemaker_enable_cloudwatch_metrics="false", sagemaker_container_log_level="10",
                        _tuning_objective_metric='"loss"', Sagemaker_x="1", sagemaker_estimator_class="null"),
    "hp_bad_log_level": hps(sagemaker_container_log_level='"DEBUG"'),
    "hp_quiet": hps(sagemaker_container_log_level="40"),
    # Configuration files.
    "rc_minimal": Container(resources={"current_host": "algo-1", "hosts": ["algo-1"]}),
    "rc_no_interface": resources(network_interface_name=...),
    "rc_groups": resources(hosts=["algo-2", "algo-1"], instance_groups=groups("g1", "g2"),
                           current_group_name="g2", current_host="algo-2"),
    "rc_topology": resources(topology=[{"hostName": "algo-1", "capacityUnitId": "u"}]),
    "rc_trn2": resources(current_instance_type="ml.trn2.48xlarge"),
    "rc_extra_members": Container(resources='{"z": 1.0, "hosts": ["algo-1"], "current_host": "algo-1", '
                                            '"a": {"y": [1e3, -0], "b": "\\u00e9"}}'),
    "rc_missing": Container(resources=None),
    "rc_not_json": Container(resources="{"),
    "rc_empty": Container(resources={}),
    "rc_no_hosts": resources(hosts=...),
    "rc_bom": Container(resources="\ufeff{}"),
    "channels": Container(channels={"train": {"TrainingInputMode": "File", "ContentType": "text/csv"},
                                    "b-Channel.1": {}, "A": {"S3DistributionType": "FullyReplicated"}}),
    "distribution_groups": hps(sagemaker_parameter_server_enabled="true"),
    "distribution_named": Container(
        hyperparameters={"sagemaker_distribution_instance_groups": '["g1"]'},
        resources={**RESOURCES, "instance_groups": groups("g1", "g2"), "current_group_name": "g2",
                   "hosts": ["algo-1", "algo-2"], "current_host": "algo-2"}),
    # Variables that were there before.
    "env_kept": Container(env={"MY_VARIABLE": "x y", "SM_HOSTS": "mine", "TRAINING_JOB_NAME": "job-1",
                               "AWS_DEFAULT_REGION": "eu-north-1", "PYTHONPATH": "/somewhere"}),
    "env_program": Container(env={"SAGEMAKER_PROGRAM": "train.py"}, program=None),
    "env_submit_directory": Container(env={"SAGEMAKER_SUBMIT_DIRECTORY": "/ignored"}),
    "env_model_parallel": Container(env={"SM_HP_MP_PARAMETERS": "{}"}),
    "env_bad_level": Container(env={"SAGEMAKER_CONTAINER_LOG_LEVEL": "loud"}),
    # Entry points.
    "ep_missing": Container(program=None),
    **{f"ep_no_name_{n}": Container(program=name) for n, name in enumerate(["0", "false", "[]", '""'])},
    "ep_py_absent": Container(program="other.py"),
    "ep_subdirectory": Container(program="src/train.py", files={
        "src/train.py": "import top\n" + DUMP, "top.py": ""}),
    "ep_sh": script(SHELL + "exit 0\n", "run.sh", hyperparameters={"a": "it's", "b": "", "c": '"$HOME"'}),
    "ep_sh_no_arguments": script(SHELL, "run.sh"),
    "ep_sh_absent": Container(program="none.sh"),
    "ep_sh_killed": script("#!/bin/sh\nkill -9 $$\n", "run.sh"),
    "ep_executable": script(SHELL, "run"),
    "ep_link_outside": Container(program="run.sh", prepare=lambda b: (b / "code/run.sh").symlink_to("/bin/ls")),
    **{f"ep_bad_name_{n}": Container(program=name) for n, name in enumerate(
        ["./train.py", "../train.py", "/train.py", "-train.py", "+train.py", "tr ain.py", "a//b.py",
         "tr;ain.py", "é\n'\".py", "a/./b.py", "train.py/", "src/../train.py"])},
    # Ends.
    "end_3": script(DUMP + "sys.exit(3)\n"),
    "end_137": script(DUMP + "sys.exit(137)\n"),
    "end_killed": script(DUMP + "os.kill(os.getpid(), 9)\n"),
    "end_segv": script(DUMP + "os.kill(os.getpid(), 11)\n"),
    "end_raises": script(FAILING),
    "end_own_failure": script(DUMP + "open(os.environ['SM_OUTPUT_DIR'] + '/failure', 'w').write('mine')\n"
                              "sys.exit(1)\n"),
    "end_own_failure_0": script(DUMP + "open(os.environ['SM_OUTPUT_DIR'] + '/failure', 'w').write('mine')\n"),
    "requirements_bad": Container(files={"train.py": DUMP, "requirements.txt": "!!not a requirement!!\n"}),
    "requirements_empty": Container(files={"train.py": DUMP, "requirements.txt": "# none\n"}),
    "requirements_sh": Container(files={"run.sh": SHELL, "requirements.txt": "!!\n"}, program="run.sh"),
    # PyTorch.
    "pt_plain": Container(pytorch=True, hyperparameters={"lr": "0.1"}),
    "pt_nccl": Container(pytorch=True, env={"NCCL_DEBUG": "INFO", "NCCL_IB_DISABLE": "0", "MASTER_PORT": "1"}),
    "pt_quoting": Container(pytorch=True, hyperparameters={"a": "x; y 'z' \"w\" $HOME"}),
    "pt_raises": script(FAILING, pytorch=True),
    "pt_custom_exception": script(DUMP + "class Odd(BaseException): pass\nraise Odd('nothing known')\n",
                                  pytorch=True),
    "pt_stdout_error": script("print('ok'); print('   KeyError: here :'); print(); print('after')\n"
                              "import sys; sys.exit(4)\n", pytorch=True),
    "pt_repeated_lines": script("import sys\nsys.stderr.write('TypeError: x\\nsame\\nsame\\n\\n\\nsame\\nlast\\n')\n"
                                "sys.exit(1)\n", pytorch=True),
    "pt_not_utf8": script("import os\nos.write(2, b'ValueError: \\xff\\xe2\\x82 \\xe2\\x82\\xac\\n')\nos._exit(2)\n",
                          pytorch=True),
    "pt_xla": script("import os\nos.write(2, b'RuntimeError: torch_xla/x.cc\\n')\nos._exit(2)\n", pytorch=True),
    "pt_killed": script("import os\nos.kill(os.getpid(), 9)\n", pytorch=True),
    "pt_sh": script(SHELL + "exit 5\n", "run.sh", pytorch=True, hyperparameters={"a": "it's"}),
    "pt_gloo": script("import os\nos.write(2, b\"RuntimeError\\nterminate called after throwing an instance of "
                      "'gloo::EnforceNotMet'\\n\")\nos._exit(1)\n", pytorch=True),
    "pt_native_launcher": script(FAILING, pytorch=True,
                                 hyperparameters={"sagemaker_toolkit_native_launcher_enabled": "true"}),
    "pt_requirements_bad": Container(pytorch=True, files={"train.py": DUMP, "requirements.txt": "!!x\n"}),
    # torchrun.
    "td_plain": torchrun(lr="0.1", name='"a b"'),
    "td_efa": torchrun("ml.g5.48xlarge"),
    "td_rdma": torchrun("ml.p4d.24xlarge"),
    "td_processes": torchrun(sagemaker_mpi_num_of_processes_per_host="4"),
    "td_processes_text": torchrun(sagemaker_mpi_num_of_processes_per_host='"3"'),
    "td_second_of_two": torchrun(hosts=["algo-1", "algo-2"]),
    "td_precompiled": torchrun(env={"RUN_NEURON_PARALLEL_COMPILE": "1"}),
    "td_fails": torchrun(files={"train.py": DUMP}, env={"TORCHRUN_FAILS": "1"}),
    "td_sh": torchrun(program="run.sh", files={"run.sh": SHELL}),
    "td_native": torchrun(sagemaker_toolkit_native_launcher_enabled="true"),
    "td_beside_data_parallel": torchrun(sagemaker_distributed_dataparallel_enabled="true"),
    # Code that lies elsewhere.
    "code_absent": Container(files={}, hyperparameters={"sagemaker_submit_directory": "/nowhere"}),
    "code_uri_unknown": Container(files={}, hyperparameters={"sagemaker_submit_directory": "file:///etc/x"}),
    "package_broken": Container(files={"train.py": DUMP, "setup.py": "raise SystemExit('no')\n"}),
    "s3_output_local": hps(sagemaker_s3_output="file:///tmp/x"),
    "s3_output_odd": hps(sagemaker_s3_output="ftp://x"),
    "log_level_null": hps(sagemaker_container_log_level="null"),
    "job_name_number": hps(sagemaker_job_name="3"),
    "module_malformed": Container(env={"SAGEMAKER_TRAINING_MODULE": "no_colon"}),
    "module_absent": Container(env={"SAGEMAKER_TRAINING_MODULE": "no_such_module:main"}),
}
CASES.update(generated.cases())

# Variables that differ because one launcher is a Python program and the other is none.
LAUNCHERS_OWN = {"PYTHONPATH", "TRAINYARD_PYTHON", "LC_CTYPE", "PWD", "SHLVL", "_", "OLDPWD"}

# Lines of the log that only the original has, each with the reason.
THEIRS_ALONE = [
    (r"Exceptions not imported for SageMaker", "it looks for classes of libraries of SageMaker's images"),
    (r"Waiting for the process to finish|Done waiting for a return code", "its own way to watch a child"),
    (r"instance_groups entry not present in resource_config", "which Trainyard always writes"),
    (r"Changing event name from|Using selector:", "boto3's and asyncio's, at level 10"),
]
# And those that only Trainyard's has.
OURS_ALONE = [
    (r"Failed to parse hyperparameter|.* to Json\.$|Returning the value itself|No (GPUs|Neurons) detected",
     "the original says so only after its second look, which early failures do not reach"),
    (r"Failure file exists", "an unknown framework module, handed over, has told its failure itself"),
]
# Files and directories that one of them alone leaves, with the reason.
FILES_ALONE = {"output/intermediate/.tmp.sagemaker_s3_sync": "the original copies it itself; here the agent does"}

PREFIX = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \S+ +[A-Z]+ +"


@dataclasses.dataclass
class Outcome:
    base: pathlib.Path
    theirs: container.Ended
    mine: container.Ended
    their_tree: dict
    my_tree: dict


def tree(base):
    """{path: kind, mode and where a link leads}."""
    return {str(p.relative_to(base)): (oct(p.lstat().st_mode), p.is_symlink() and str(p.readlink()))
            for p in base.rglob("*") if str(p.relative_to(base)) not in FILES_ALONE}


@pytest.fixture(scope="session")
def outcomes(request, ours, original, tmp_path_factory):
    """What became of each chosen case, in a future: two run at a time, each beside an original of its own."""
    own, warm = threading.local(), []

    def original_of_this_thread():
        if not hasattr(own, "original"):
            own.original = container.WarmOriginal()
            warm.append(own.original)
        return own.original

    def run(case, base):
        theirs = original_of_this_thread().run(base, case)
        their_tree = tree(base)
        mine = container.run(ours, base, case)
        return Outcome(base, theirs, mine, their_tree, tree(base))

    names = [item.callspec.params["name"] for item in request.session.items
             if item.originalname == test_same_as_the_original.__name__]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(run, CASES[name], tmp_path_factory.mktemp(name) / "ml") for name in names}
        pool.shutdown(cancel_futures=True)
    for each in warm:
        each.end()


def variables(seen):
    return {k: v for k, v in seen["env"].items() if k not in LAUNCHERS_OWN}


INVOCATION = r"Invoking user script\n.*?Invoking script with the following command:\n\n.*?\n\n\n"


def invocation(log):
    """The record with variables and command, PYTHONPATH cut to what both have."""
    found = re.search(INVOCATION, log, re.S)
    return found and re.sub(r"(\nPYTHONPATH=[^:\n]*)[^\n]*", r"\1", found[0])


def lines(log, alone):
    """All other lines, without time, logger and level, and a framework error without its text, which is a
    traceback there and a sentence here."""
    log = re.sub(PREFIX + INVOCATION, "", log, flags=re.S)
    log = re.sub(rf"^({PREFIX})?Framework Error: \n.*?(?=^{PREFIX}|^Encountered exit_code|\Z)", "Framework Error\n",
                 log, flags=re.S | re.M)
    found = {re.sub(f"^{PREFIX}", "", line).strip() for line in log.split("\n")} - {""}
    return {line for line in found if not any(re.match(pattern, line) for pattern, why in alone)}


def failure(ended):
    """A framework error's text is a Python traceback there: that there is one must do."""
    text = ended.failure
    return "Framework Error: \n" if text and text.startswith("Framework Error: \n") else text


@pytest.mark.parametrize("name", CASES)
def test_same_as_the_original(name, outcomes):  # SEMANTICS T1
    outcome = outcomes[name].result()
    base, theirs, mine = outcome.base, outcome.theirs, outcome.mine
    context = f"--- theirs\n{theirs.stderr[-3000:]}\n--- ours\n{mine.stderr[-3000:]}"
    assert mine.code == theirs.code, context
    assert failure(mine) == failure(theirs), context
    assert mine.success == theirs.success, context
    assert (mine.seen is None) == (theirs.seen is None), context
    if mine.seen:
        assert variables(mine.seen) == variables(theirs.seen)
        assert mine.seen["argv"] == theirs.seen["argv"]
        assert mine.seen["cwd"] == theirs.seen["cwd"]
        first = [e["env"]["PYTHONPATH"].split(":")[0] for e in (mine.seen, theirs.seen)]
        assert first == [str(base / "code")] * 2
    assert invocation(mine.stderr) == invocation(theirs.stderr)
    both = OURS_ALONE + THEIRS_ALONE
    assert lines(theirs.stderr, THEIRS_ALONE) <= lines(mine.stderr, []), context
    assert lines(mine.stderr, both) <= lines(theirs.stderr, []), context
    assert CASES[name].pytorch or mine.stdout == theirs.stdout  # else it is cut anew there: SEMANTICS T4
    assert outcome.my_tree == outcome.their_tree
