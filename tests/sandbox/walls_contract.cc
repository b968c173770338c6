/// What a job cannot see, reach or become.

#include "box.hpp"

#include <fmt/format.h>

#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace trainyard::agent::contract {
namespace {

// Python that calls the kernel directly: call(number, ...) is 0 or the name of the error.
constexpr const char* calls = R"(
import ctypes, errno, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(*args):
    done = libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    return 0 if done >= 0 else errno.errorcode[ctypes.get_errno()]
def attempt(work):
    try:
        work()
    except OSError as error:
        return errno.errorcode[error.errno]
    return 'done'
)";

std::string system_text(const os::Path& path) {
  return os::read_file(path).value_or("(unreadable)");
}

}  // namespace

// SEMANTICS X1
TEST_CASE("no process of a job is the machine's root or in any of its groups") {
  const gid_t extra[] = {0, 4242};
  if (is_root()) REQUIRE(::setgroups(2, extra) == 0);  // those of the agent
  Box box;
  box.use_shell("echo ready; cat /dev/zero >/dev/null");
  box.prepare();
  box.start();
  box.await_output("ready");
  const std::string uid = std::to_string(box.spec.host_uid);
  const std::string gid = std::to_string(box.spec.host_gid);
  std::vector<pid_t> all = children_of(box.running.init);
  CHECK(all.size() == 1);
  for (const pid_t child : children_of(all.at(0)))
    all.push_back(child);
  all.push_back(box.running.init);
  for (const pid_t pid : all) {
    CHECK(status_of(pid, "Uid") == fmt::format("{0} {0} {0} {0}", uid));
    CHECK(status_of(pid, "Gid") == fmt::format("{0} {0} {0} {0}", gid));
    if (is_root()) CHECK(status_of(pid, "Groups") == "");
    CHECK(status_of(pid, "NoNewPrivs") == "1");
    CHECK(std::stoull(status_of(pid, "CapEff"), nullptr, 16) <
          std::stoull("0000000000200000", nullptr, 16));  // CAP_SYS_ADMIN
    if (pid != box.running.init) CHECK(status_of(pid, "Seccomp") == "2");
  }
  REQUIRE(box.runtime->kill(box.running));
  (void)box.finish();
}

// SEMANTICS X2
TEST_CASE("inside it is root of itself and of nothing else") {
  Box box;
  const Ended ended = box.run_python("import os\n"
                                     "print(os.getresuid(), os.getresgid())\n"
                                     "print(open('/proc/self/uid_map').read().split())\n");
  CHECK(ended.output == fmt::format("(0, 0, 0) (0, 0, 0)\n['0', '{}', '1']\n", box.spec.host_uid));
}

// SEMANTICS X3
TEST_CASE("the root shows a fixed list and its homes are empty") {
  Box box;
  const Ended ended = box.run_python(
      "import os\n"
      "system = {'bin', 'lib', 'lib32', 'lib64', 'libx32', 'sbin', 'usr'}\n"
      "print(sorted(set(os.listdir('/')) - system))\n"
      "print(*(os.listdir('/' + name) for name in ('root', 'home', 'srv', 'mnt', 'opt', 'tmp')))\n"
      "print(sorted(os.listdir('/var')), sorted(os.listdir('/run')))\n");
  CHECK(ended.output == "['dev', 'etc', 'home', 'mnt', 'opt', 'proc', 'root', 'run', 'srv', 'sys', "
                        "'tmp', 'var']\n[] [] [] [] [] []\n"
                        "['cache', 'lib', 'lock', 'log', 'run', 'tmp'] ['lock']\n");
}

// SEMANTICS X3
TEST_CASE("accounts and the store and the scratch of another job cannot be read") {
  Box other;
  other.use_shell("echo secret > /tmp/secret; echo ready; cat /dev/zero >/dev/null");
  other.prepare();
  other.start();
  other.await_output("ready");
  Box box;
  const os::Path store = box.directory("store", {{"object", "secret"}});
  const Ended ended = box.run_shell(fmt::format(
      "for f in /etc/shadow /etc/gshadow /etc/ssh /run/trainyard /var/lib/trainyard {} {} {}; do\n"
      "  test -e $f && echo $f; done; ls -A /tmp",
      store.string(), other.spec.scratch.string(), box.spec.log.string()));
  CHECK(ended.output == "");
  struct stat st{};
  CHECK(::stat(store.c_str(), &st) == 0);
  REQUIRE(other.runtime->kill(other.running));
  (void)other.finish();
}

// SEMANTICS X4
TEST_CASE("only its own processes can be seen or signalled") {
  Box box;
  const Ended ended =
      box.run_python("import os\n"
                     "print(sorted(p for p in os.listdir('/proc') if p.isdigit()))\n"
                     "print(os.getpid(), os.getppid())\n");
  CHECK(ended.output == "['1', '2']\n2 1\n");
}

// SEMANTICS X3
TEST_CASE("/usr and /sys and the kernel's settings cannot be written") {
  Box box;
  const Ended ended = box.run_shell(
      "for f in /usr/x /bin/x /usr/bin/env /sys/x /sys/kernel/x /proc/sys/kernel/hostname"
      " /proc/sysrq-trigger /proc/sys/user/max_user_namespaces /sys/fs/cgroup/memory/cgroup.procs\n"
      "do (echo 1 > $f) 2>/dev/null && echo wrote $f; done\n"
      "chmod 777 /usr 2>/dev/null && echo chmod; mkdir /usr/d 2>/dev/null && echo mkdir; exit 0");
  CHECK(ended.output == "");
}

// SEMANTICS X5
TEST_CASE("/tmp and /var/tmp and /root and /etc/hosts can be written and are thrown away") {
  Box box;
  const std::string script = "test ! -e /tmp/a && for f in /tmp/a /var/tmp/a /root/a; do\n"
                             "echo 1 > $f || exit 1; done; echo 1.2.3.4 x >> /etc/hosts";
  CHECK(box.run_shell(script).exit.code == 0);
  REQUIRE(box.runtime->destroy(box.spec.id, box.spec.scratch));
  CHECK(box.run_shell(script).exit.code == 0);
}

// SEMANTICS X6
TEST_CASE("system calls that build other views of the machine are refused") {
  Box box;
  const auto number = [](long n) { return std::to_string(n); };
  const Ended ended = box.run_python(
      calls + std::string("print(call(") + number(SYS_mount) +
      ", b'none', b'/tmp', b'tmpfs', 0, None))\n" + "print(call(" + number(SYS_umount2) +
      ", b'/proc', 2))\n" + "print(call(" + number(SYS_unshare) + ", 0x10000000))\n" +  // user
      "print(call(" + number(SYS_unshare) + ", 0x00020000))\n" +                        // mounts
      "fd = os.open('/proc/self/ns/net', os.O_RDONLY)\n" + "print(call(" + number(SYS_setns) +
      ", fd, 0))\n" + "print(call(" + number(SYS_clone) + ", 0x10000011, None, None, None, 0))\n" +
      "print(call(" + number(SYS_bpf) + ", 0, None, 0))\n" + "print(call(" + number(SYS_keyctl) +
      ", 0, -3, 0))\n" + "print(call(" + number(SYS_add_key) + ", b'user', b'a', b'b', 1, -3))\n" +
      "print(call(" + number(SYS_setgroups) + ", 0, None))\n" + "print(call(" +
      number(SYS_perf_event_open) + ", None, 0, -1, -1, 0))\n" + "print(call(" +
      number(SYS_io_uring_setup) + ", 1, None))\n");
  CHECK(ended.output == "EPERM\nEPERM\nEPERM\nEPERM\nEPERM\nEPERM\nEPERM\nEPERM\nEPERM\nEPERM\n"
                        "EPERM\nENOSYS\n");
}

// SEMANTICS X6
TEST_CASE("clone3 makes no user namespace either") {
  Box box;
  const Ended ended =
      box.run_python(calls + fmt::format("args = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, 17)\n"
                                         "print(call({}, args, ctypes.sizeof(args)))\n",
                                         SYS_clone3));
  CHECK((ended.output == "ENOSPC\n" || ended.output == "EPERM\n"));
}

// SEMANTICS X6
TEST_CASE("keys cannot be typed into a terminal, however the command is written") {
  Box box;
  const Ended ended = box.run_python(std::string(calls) + fmt::format(R"(
text = ctypes.create_string_buffer(b'x')
for number in (0x5412, 0x541c, 0x100005412, 0xffffffff0000541c):
    print(call({0}, 0, ctypes.c_ulong(number), text))
print(call({0}, 0, 0x5413, text))
)",
                                                                      SYS_ioctl));
  CHECK(ended.output == "EPERM\nEPERM\nEPERM\nEPERM\nENOTTY\n");
}

// SEMANTICS X29
TEST_CASE("pseudo-terminals can be made and are the job's own") {
  Box box;
  const Ended ended = box.run_python("import os\n"
                                     "main, side = os.openpty()\n"
                                     "os.write(side, b'hello\\n')\n"
                                     "print(os.read(main, 100), os.ttyname(side))\n"
                                     "print(sorted(os.listdir('/dev/pts')))\n");
  CHECK(ended.output == "b'hello\\r\\n' /dev/pts/0\n['0', 'ptmx']\n");
}

// SEMANTICS X7
TEST_CASE("rare families of sockets are refused and plain ones are not") {
  Box box;
  const Ended ended =
      box.run_python(std::string(calls) +
                     "for family, kind, which in ((38, 5, 0), (40, 1, 0), (17, 3, 0), (2, 3, 1), "
                     "(2, 1, 0), (1, 1, 0)):\n"
                     "    print(attempt(lambda: socket.socket(family, kind, which).close()))\n");
  CHECK(ended.output == "EAFNOSUPPORT\nEAFNOSUPPORT\nEAFNOSUPPORT\nEPERM\ndone\ndone\n");
}

// SEMANTICS X9
TEST_CASE("pid 1 whose memory is the agent's cannot be read or traced or killed") {
  Box box;
  const Ended ended = box.run_python(
      std::string(calls) +
      "for name in ('environ', 'mem', 'maps', 'fd', 'root', 'cwd', 'exe'):\n"
      "    path = '/proc/1/' + name\n"
      "    read = os.listdir if name == 'fd' else os.readlink if name in ('root', 'cwd', 'exe')"
      " else lambda p: os.read(os.open(p, os.O_RDONLY), 10)\n"
      "    print(name, attempt(lambda: read(path)))\n" +
      fmt::format("print(call({}, 16, 1, 0, 0))\n"  // PTRACE_ATTACH
                  "pid = os.pidfd_open(1)\n"
                  "print(call({}, pid, 3, 0))\n"
                  "buffer = ctypes.create_string_buffer(8)\n"
                  "part = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), 8)\n"
                  "print(call({}, 1, part, 1, part, 1, 0))\n",
                  SYS_ptrace, SYS_pidfd_getfd, SYS_process_vm_readv) +
      "os.kill(1, 9); os.kill(1, 15); print('alive')\n");
  CHECK(ended.output == "environ EACCES\nmem EACCES\nmaps EACCES\nfd EACCES\nroot EACCES\n"
                        "cwd EACCES\nexe EACCES\nEPERM\nEPERM\nEPERM\nalive\n");
  CHECK(ended.exit.code == 0);
}

// SEMANTICS X8
TEST_CASE("set-user-id programs of the job give it nothing") {
  Box box;
  const os::Path data = box.directory("data", {{"tool", "#!/bin/sh\n"}});
  box.mount(Mount::Kind::bind, data, "/data");
  const Ended ended = box.run_shell("cp /bin/cat /data/cat; chmod 6755 /data/cat; /data/cat "
                                    "/proc/self/status | grep -E '^(NoNewPrivs|Seccomp):'");
  CHECK(ended.output == "NoNewPrivs:\t1\nSeccomp:\t2\n");
}

// SEMANTICS X10
TEST_CASE("a tmpfs and /dev/shm are as large as asked for") {
  Box box;
  box.spec.shm_bytes = 3u << 20;
  Mount& memory = box.spec.mounts.emplace_back();
  memory.kind = Mount::Kind::tmpfs;
  memory.target = "/fast";
  memory.size_bytes = 1u << 20;
  const Ended ended =
      box.run_shell("df -B1 --output=size /dev/shm /fast | tail -2 | tr -d ' '\n"
                    "head -c 4000000 /dev/zero > /dev/shm/x 2>/dev/null || echo full");
  CHECK(ended.output == "3145728\n1048576\nfull\n");
}

// SEMANTICS X12
TEST_CASE("the host name and hosts are the job's and the machine's are as before") {
  const std::string before = system_text("/proc/sys/kernel/hostname");
  Box box;
  box.spec.aliases = {"algo-1", "algo-2"};
  const Ended ended = box.run_shell("uname -n; cat /etc/hostname; getent hosts algo-2; "
                                    "hostname changed 2>/dev/null && echo changed; exit 0");
  CHECK(ended.output == "algo-1\nalgo-1\n127.0.0.1       algo-1 algo-2\n");
  CHECK(system_text("/proc/sys/kernel/hostname") == before);
}

}  // namespace trainyard::agent::contract
