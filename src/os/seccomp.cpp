#include "os/seccomp.hpp"

#include "os/fd.hpp"

#include <seccomp.h>

#include <cerrno>
#include <linux/seccomp.h>
#include <memory>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace trainyard::os {
namespace {

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};

Result<> refuse(void* context, const SyscallRule& rule, int number,
                const std::vector<scmp_arg_cmp>& comparisons) {
  const int rc = seccomp_rule_add_array(context, SCMP_ACT_ERRNO(unsigned(rule.error)), number,
                                        unsigned(comparisons.size()), comparisons.data());
  // -EDOM: not a system call of this architecture.
  if (rc == 0 || rc == -EDOM) return {};
  return fail_errno("filter the system call " + std::string(rule.name), -rc);
}

// Written out: the library's SCMP_CMP macros are compound literals, which C++ has not.
scmp_arg_cmp compare(unsigned argument, scmp_compare how, std::uint64_t a, std::uint64_t b = 0) {
  scmp_arg_cmp out{};
  out.arg = argument;
  out.op = how;
  out.datum_a = a;
  out.datum_b = b;
  return out;
}

Result<> add(void* context, const SyscallRule& rule) {
  const int number = seccomp_syscall_resolve_name(rule.name);
  if (number == __NR_SCMP_ERROR) return {};  // newer than the library: it has no name here
  if (rule.argument < 0) return refuse(context, rule, number, {});
  const auto argument = unsigned(rule.argument);
  using Compare = SyscallRule::Compare;
  if (rule.compare == Compare::equal)
    return refuse(context, rule, number,
                  {compare(argument, SCMP_CMP_MASKED_EQ, 0xffffffff, rule.number)});
  if (rule.compare == Compare::above)
    return refuse(context, rule, number, {compare(argument, SCMP_CMP_GT, rule.number)});
  if (rule.compare == Compare::between) {  // a rule of the library holds an argument only once
    for (std::uint64_t value = rule.number; value <= rule.last; ++value)
      TRY(refuse(context, rule, number, {compare(argument, SCMP_CMP_EQ, value)}));
    return {};
  }
  for (std::uint64_t bit = 1; bit != 0; bit <<= 1)
    if (rule.number & bit)
      TRY(refuse(context, rule, number, {compare(argument, SCMP_CMP_MASKED_EQ, bit, bit)}));
  return {};
}

}  // namespace

Result<SyscallFilter> compile_filter(const std::vector<SyscallRule>& rules) {
  const std::unique_ptr<void, Release> context(seccomp_init(SCMP_ACT_ALLOW));
  if (!context) return fail_internal("make a system call filter: out of memory");
  int rc = seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
  // A binary tree: every system call that is allowed pays for the search.
  if (rc == 0) rc = seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  if (rc != 0) return fail_errno("make a system call filter", -rc);
  for (const auto& rule : rules)
    TRY(add(context.get(), rule));
  const Fd program(::memfd_create("filter", MFD_CLOEXEC));
  if (!program) return fail_errno("make a system call filter");
  rc = seccomp_export_bpf(context.get(), program.get());
  if (rc != 0) return fail_errno("compile a system call filter", -rc);
  const off_t size = ::lseek(program.get(), 0, SEEK_END);
  SyscallFilter out(std::size_t(size) / sizeof(sock_filter));
  if (::pread(program.get(), out.data(), out.size() * sizeof(sock_filter), 0) != size)
    return fail_errno("read a system call filter");
  return out;
}

int install_filter(const SyscallFilter& filter) noexcept {
  sock_fprog program{static_cast<unsigned short>(filter.size()),
                     const_cast<sock_filter*>(filter.data())};
  return int(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

}  // namespace trainyard::os
