/// Roots that are not this machine's, and what those who made them may have put into them.

#include "box.hpp"

#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::agent::contract {
namespace {

// What a shell needs, copied from this machine: itself, its loader and the C library.
os::Path shell_root(const Box& box) {
  const os::Path root = box.directory("root");
  std::vector<std::string> needed{"/bin/sh"};
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        const std::string name = info->dlpi_name;
        if (name.find("/libc.so") != name.npos || name.find("/ld-linux") != name.npos)
          static_cast<std::vector<std::string>*>(data)->push_back(name);
        return 0;
      },
      &needed);
  for (const auto& file : needed) {
    const os::Path to = root / os::Path(file).relative_path();
    REQUIRE(os::make_directories(to.parent_path(), 0755));
    std::filesystem::copy_file(file, to);
  }
  return root;
}

void write(const os::Path& file, const std::string& text) {
  REQUIRE(os::make_directories(file.parent_path(), 0755));
  REQUIRE(os::write_file(file, text, 0644));
}

constexpr const char* look =
    "echo /*; echo /etc/*; echo /opt/*; while read -r line; do echo $line; "
    "done < /etc/passwd; read -r line < /etc/motd; echo $line; "
    "read -r line < /etc/hosts; echo $line; (echo > /bin/x) 2>/dev/null || "
    "echo cannot; (echo > /etc/x) && cd /tmp && echo mine > mine";

}  // namespace

// SEMANTICS E14
TEST_CASE("a root is seen instead of this machine, read-only, with its own settings and accounts") {
  Box box;
  const os::Path root = shell_root(box);
  write(root / "etc/passwd", "kim:x:5:5:Kim:/:/bin/sh");
  write(root / "etc/motd", "hello\n");
  write(root / "etc/hosts", "10.0.0.1 elsewhere\n");
  write(root / "opt/tool/data", "x\n");
  write(root / "opt/ml/hidden", "x\n");
  write(root / "srv/data", "x\n");
  write(root / "proc/data", "x\n");
  box.spec.root = root;
  box.mount(Mount::Kind::bind, box.directory("ml", {{"mine", "text\n"}}), "/opt/ml");
  const Ended ended = box.run_shell(std::string(look) + "; echo /opt/ml/* /proc/data*");
  CHECK(ended.output ==
        "/bin /dev /etc /home /lib /lib64 /mnt /opt /proc /root /run /srv /sys /tmp /var\n"
        "/etc/group /etc/hostname /etc/hosts /etc/motd /etc/mtab /etc/nsswitch.conf /etc/passwd "
        "/etc/resolv.conf\n"
        "/opt/ml /opt/tool\n"
        "kim:x:5:5:Kim:/:/bin/sh\nroot:x:0:0:root:/root:/bin/sh\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
        "hello\n127.0.0.1 localhost\ncannot\n/opt/ml/mine /proc/data*\n");
  CHECK(ended.exit.code == 0);
}

// SEMANTICS E14, X26
TEST_CASE("no link in a root leads out of it, and none redirects a mount into the sandbox's own") {
  Box box;
  const os::Path root = shell_root(box);
  const os::Path secret = box.place / "secret";
  write(secret / "passwd", "secret\n");
  write(secret / "shadow", "secret\n");
  const auto link = [&](const os::Path& to, const char* name) {
    std::filesystem::create_symlink(to, root / name);
  };
  link(secret, "etc");
  link("/usr", "usr");
  link(secret, "srv");
  link("../../../../../../../../etc", "home");
  link("proc", "data");
  box.spec.root = root;
  const Ended ended =
      box.run_shell("cat=; for file in /etc/passwd /etc/shadow /srv/shadow "
                    "/usr/bin/env /home/shadow /data/../etc/shadow; do read -r line "
                    "< $file && echo $file $line; done 2>/dev/null; echo end");
  CHECK(ended.output == "/etc/passwd root:x:0:0:root:/root:/bin/sh\nend\n");
  box.mount(Mount::Kind::bind, secret, "/data/sys");
  REQUIRE(box.runtime->destroy(box.spec.id, box.spec.scratch));
  CHECK(box.refused().message.find("that place is the sandbox's own") != std::string::npos);
}

// SEMANTICS E14
TEST_CASE("files of a root that are no files hold up nothing") {
  Box box;
  const os::Path root = shell_root(box);
  REQUIRE(os::make_directories(root / "etc", 0755));
  for (const char* name : {"etc/passwd", "etc/group", "etc/pipe", "pipe"})
    REQUIRE(::mkfifo((root / name).c_str(), 0666) == 0);
  box.spec.root = root;
  const Ended ended =
      box.run_shell("read -r line < /etc/passwd; echo $line; echo /pipe* /etc/pipe*");
  CHECK(ended.output == "root:x:0:0:root:/root:/bin/sh\n/pipe* /etc/pipe*\n");
}

}  // namespace trainyard::agent::contract
