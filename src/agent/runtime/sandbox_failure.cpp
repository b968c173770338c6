#include "agent/runtime/sandbox_failure.hpp"

#include <cerrno>
#include <cstring>

namespace trainyard::agent {
namespace {

std::string doing_step(const Step& step) {
  const std::string at = "/" + step.target;
  switch (step.action) {
  case Step::Action::directory:
    return "make the directory " + at;
  case Step::Action::file:
    return "write the file " + at;
  case Step::Action::link:
    return "make the link " + at;
  case Step::Action::attach:
    return "put a directory or file of this machine at " + at;
  case Step::Action::filesystem:
    return "mount a file system of type " + step.type + " at " + at;
  case Step::Action::fuse:
    return "mount a FUSE file system at " + at;
  case Step::Action::detach:
    return "take away " + at;
  case Step::Action::sysctl:
    return "write " + at;
  }
  return "build " + at;
}

std::string doing(const Word& word, const SandboxPlan& plan, const SandboxSpec& spec) {
  const auto n = std::size_t(word.step);
  switch (word.stage) {
  case Word::Stage::identity:
    return "become the sandbox's user";
  case Word::Stage::network:
    return "set up the sandbox's network";
  case Word::Stage::tree:
    return "take " + (n < plan.trees.size() ? plan.trees[n].source.string() : "a directory") +
           " into the sandbox";
  case Word::Stage::root:
    return "mount the sandbox's root";
  case Word::Stage::step:
    return n < plan.steps.size() ? doing_step(plan.steps[n]) : "build the sandbox's root";
  case Word::Stage::enter:
    return "enter the sandbox's root";
  case Word::Stage::hand_over:
    return "open the sandbox's /proc";
  case Word::Stage::privileges:
    return "give up privileges";
  case Word::Stage::process:
    return "start a process";
  case Word::Stage::directory:
    return "enter the working directory " + spec.working_directory;
  case Word::Stage::filter:
    return "install the system call filter";
  case Word::Stage::execute:
    return "run " + spec.argv.front();
  }
  return "build the sandbox";
}

std::string cure(const Word& word, const SandboxPlan& plan, const SandboxSpec& spec) {
  if (word.stage == Word::Stage::tree && word.error == EXDEV &&
      std::size_t(word.step) < plan.trees.size())
    return "; a symbolic link on the way to it leads out of " +
           plan.trees[std::size_t(word.step)].within.string();
  if (word.stage == Word::Stage::execute && word.error == ENOENT)
    return spec.argv.front().find('/') == std::string::npos
               ? "; no directory of PATH inside the container has it"
               : "; inside the container there is no such program, or not the interpreter that its "
                 "first line names";
  if (word.stage == Word::Stage::execute && word.error == EACCES)
    return "; make it executable, for everybody";
  if (word.stage == Word::Stage::execute && word.error == ENOEXEC)
    return "; it is no program: does a script lack its #! line?";
  if (word.stage < Word::Stage::process && (word.error == EPERM || word.error == EACCES))
    return "; `trainyard doctor` tells what this machine does not allow";
  return "";
}

}  // namespace

std::string explain(const Word& word, const SandboxPlan& plan, const SandboxSpec& spec) {
  std::string why = std::strerror(word.error);
  if (word.text[0] != 0) why += std::string(" (") + word.text + ")";
  return doing(word, plan, spec) + ": " + why + cure(word, plan, spec);
}

}  // namespace trainyard::agent
