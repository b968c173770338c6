"""Jobs made by chance, the same ones each time: hyperparameters of all kinds of JSON, odd names and characters,
forms of the configuration files, entry points, requirements and ends."""
import json
import random
import struct

from container import DUMP, RESOURCES, Container

COUNT, SEED = 60, 514

# Where characters are taken from: all kinds that repr(), upper(), a shell and JSON treat in their own way.
RANGES = [(0x20, 0x7e)] * 6 + [
    (0x01, 0x1f), (0x7f, 0xa0), (0xa1, 0x17f), (0x180, 0x24f), (0x300, 0x36f), (0x370, 0x3ff), (0x400, 0x52f),
    (0x531, 0x58f), (0x5d0, 0x6ff), (0x900, 0x97f), (0x10a0, 0x10ff), (0x13a0, 0x13fd), (0x1c90, 0x1cbf),
    (0x1e00, 0x1fff), (0x2000, 0x206f), (0x2100, 0x218f), (0x2c00, 0x2dff), (0x3040, 0x30ff), (0x4e00, 0x4eff),
    (0xa640, 0xa7ff), (0xab30, 0xabbf), (0xe000, 0xe010), (0xfb00, 0xfb17), (0xfdd0, 0xfdef), (0xfe00, 0xfeff),
    (0xff00, 0xffef), (0x10400, 0x104ff), (0x10c80, 0x10cff), (0x118a0, 0x118df), (0x1d400, 0x1d7ff),
    (0x1e900, 0x1e95f), (0x1f600, 0x1f64f), (0xe0000, 0xe007f), (0x10fff0, 0x10ffff)]
NUMBERS = ["01", "+5", ".5", "5.", "-0", "-0.0", "1E400", "-1e400", "0x1f", "1_0", " 7 ", "1e16", "1e-5", "NaN",
           "-NaN", "Infinity", "1.0", "0.1e1", "1e+2", "12345678901234567890123", "--1", "1 2", "1.e5", "\t3\n"]
BROKEN = ['{"a": 1', "[1,]", "{'a': 1}", '"open', "nul", "True", "[1 2]", '"\t"', '"\\x"', '"\\u12"', "{}x", "/*1*/",
          '{"a":1,"a":2}', "", " ", "\\", "s3://b/k", "$HOME", "a=b,c", "-1-", "\ufeff1"]
PROGRAMS = ["train.py", "deep/er/train.py", "a.b.py", "_x+y-z.py", "UPPER.PY.py", "run.sh", "deep/run.sh", "run",
            "tool.v2", ".hidden", "train.pyc", "r.sh.py", "0"]
SHELL = "#!/bin/sh\nprintf '%s\\n' \"$PWD\" \"$#\" \"$@\"\n"
ENDS = ["", "", "", "sys.exit(0)\n", "sys.exit(7)\n", "sys.exit('words')\n", "raise KeyError('k')\n", "1 / 0\n",
        "os._exit(255)\n", "os.kill(os.getpid(), 15)\n", "def f(:\n"]
REQUIREMENTS = ["# none\r\n\r\n", "   \n\t\n", "--no-index\n", "pip\n", "./absent\n", "-r more.txt\n"]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def chance(self, of):
        return self.random.random() < of

    def pick(self, things):
        return self.random.choice(things)

    def text(self, longest=12):
        return "".join(chr(self.random.randint(*self.pick(RANGES))) for _ in range(self.random.randint(0, longest)))

    def real(self):
        if self.chance(0.5):
            return struct.unpack("d", self.random.randbytes(8))[0]
        return self.random.choice([1, -1]) * self.random.random() * 10 ** self.random.randint(-20, 20)

    def value(self, depth=0):
        """Any JSON value."""
        kind = self.random.randint(0, 8 if depth < 3 else 5)
        if kind < 3:
            return self.pick([None, True, False, 0, -1, self.random.randint(-10**6, 10**6),
                              self.random.randint(-10**30, 10**30)])
        if kind == 3:
            return self.real()
        if kind < 6:
            return self.text()
        if kind == 6:
            return {self.text(5): self.value(depth + 1) for _ in range(self.random.randint(0, 4))}
        return [self.value(depth + 1) for _ in range(self.random.randint(0, 4))]

    def hyperparameter(self):
        """As the SDK sends it, as others do, and as no one should."""
        kind = self.random.random()
        if kind < 0.6:
            return json.dumps(self.value(), ensure_ascii=self.chance(0.5), indent=self.pick([None, None, 1]))
        if kind < 0.75:
            return self.pick(NUMBERS)
        if kind < 0.85:
            return self.pick(BROKEN)
        return self.text(20) if kind < 0.93 else self.value()

    def name(self):
        kind = self.random.random()
        if kind < 0.4:
            return "".join(self.pick("abcxyzLR_-.019 ") for _ in range(self.random.randint(1, 8)))
        if kind < 0.5:
            return "sagemaker_" + self.pick(["x", "program_", "X", "mpi", "é"])
        return self.text(6).replace("=", "-")

    def hyperparameters(self):
        made = {self.name(): self.hyperparameter() for _ in range(self.random.randint(0, 14))}
        if self.chance(0.05):
            made[self.name()] = self.pick(['"\\u0000"', '"\\ud800"', '["\\udfff"]'])
        return made

    def channels(self):
        names = ["train", "val-1", "A.b_c", "é", "UP", "a b", "ß"]
        return {self.pick(names): self.pick([{}, {"ContentType": self.text()}, {"TrainingInputMode": "Pipe"},
                                             self.value()]) for _ in range(self.random.randint(0, 4))}

    def resources(self):
        hosts = [f"algo-{n}" for n in range(1, self.random.randint(2, 4))]
        self.random.shuffle(hosts)
        made = {**RESOURCES, "hosts": hosts, "current_host": self.pick(hosts), "current_instance_type": self.pick(
            ["ml.m5.xlarge", "ml.p4d.24xlarge", "ml.trn2.48xlarge", "local", "x"])}
        if self.chance(0.3):
            made["instance_groups"] = [{"instance_group_name": f"g{n}", "instance_type": "ml.c5.large",
                                        "hosts": [host]} for n, host in enumerate(hosts)]
            made["current_group_name"] = self.pick(["g0", "g1", "none"])
        for member in ("network_interface_name", "current_group_name", "current_instance_type"):
            if self.chance(0.1):
                made.pop(member, None)
        if self.chance(0.3):
            made[self.text(5)] = self.value()
        return made

    def written(self, config):
        """The same configuration as some other program would write it."""
        try:
            text = json.dumps(config, ensure_ascii=False, indent=self.pick([None, 2, "\t"]))
            text.encode()
        except UnicodeEncodeError:
            return config
        return f"\n {text}\r\n" if self.chance(0.3) else text

    def environment(self):
        choices = {"AWS_DEFAULT_REGION": "eu-north-1", "TRAINING_JOB_NAME": self.text(5), "PYTHONPATH": "/x:/y",
                   "SM_HP_LR": "mine", "SM_CHANNELS": "", "ODD": self.text(9), "SM_HP_MP_PARAMETERS": "{}",
                   "CURRENT_HOST": "other", "NCCL_DEBUG": "INFO", "SAGEMAKER_JOB_NAME": "x"}
        return {name: value for name, value in choices.items() if self.chance(0.15)}

    def case(self):
        program = self.pick(PROGRAMS)
        script = DUMP + self.pick(ENDS) if program.endswith(".py") else SHELL + self.pick(["", "exit 3\n"])
        files = {program: script, "a b/é.txt": "", "lib/__init__.py": ""}
        if self.chance(0.1):
            files["requirements.txt"] = self.pick(REQUIREMENTS)
            files["more.txt"] = "# nothing\n"
        by_name, env = self.hyperparameters(), self.environment()
        if self.chance(0.2):
            env["SAGEMAKER_PROGRAM"] = program
        by_name["sagemaker_program"] = self.pick([program, json.dumps(program)])
        if self.chance(0.2):
            by_name["sagemaker_container_log_level"] = self.pick(["10", "20", "30", "40"])
        return Container(hyperparameters=self.written(by_name), resources=self.written(self.resources()),
                         channels=self.written(self.channels()), files=files, program=None, env=env,
                         pytorch=self.chance(0.4))


def cases():
    return {f"made_{n}": Maker(SEED + n).case() for n in range(COUNT)}
