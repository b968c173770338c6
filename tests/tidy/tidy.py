"""The rules of the house that a compiler does not check; each is one function below. Prints what
breaks them as FILE:LINE: RULE and ends with 1 if anything does. With --format: clang-format instead."""

import ast
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE_LINES, FUNCTION_LINES, COLUMNS, BEAST_FILES = 600, 70, 120, 3
CXX = {".cpp", ".hpp", ".cc", ".c"}

# Calls that have no place here, with what to use instead. A rule may name files that may.
BANNED = [
    (r"std::regex|#include <regex>", "std::regex backtracks on input: use RE2", ()),
    (r"(?<![\w.:>])(system|popen)\(", "no shells: use os::spawn", ()),
    (r"(?<![\w.])(sleep|usleep|nanosleep)\(|sleep_for|sleep_until", "wait for the thing itself", ()),
    (r"\b(strcpy|strcat|sprintf|vsprintf|gets)\(", "has no bound: use std::string or fmt", ()),
    (r"\.detach\(\)", "every thread has an owner that joins it", ()),
    (r"catch \(\.\.\.\)", "name what the library throws", ()),
    (r"#include <(iostream|ranges)>", "costs every build: use base/ and os/", ()),
    (r"\brand\(\)|\bsrand\(", "use base/random", ()),
    (r"using namespace std;", "write std::", ()),
    (r"prepare\(\"", "SQL is store's", ("src/service/store/",)),
    (r"getenv\(\"HOME\"\)", "ask os/ for the home directory", ("src/cli/",)),
]


def tracked():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True,
                         capture_output=True, check=True).stdout
    return [ROOT / line for line in out.splitlines() if (ROOT / line).is_file()]


def text_of(path):
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


def code_lines(path):
    """(number, line without its // comment) of each line."""
    for number, line in enumerate(text_of(path).splitlines(), 1):
        yield number, re.sub(r"(^|\s)//.*", "", line)


def libraries():
    """{name: (directory, dependencies)} as src/libraries.cmake lists them."""
    found = {}
    listing = text_of(ROOT / "src/libraries.cmake")
    for entry in re.findall(r"trainyard_library\(([^)]*)\)", listing):
        name, directory, *words = entry.split()
        words = words[:words.index("PKGS")] if "PKGS" in words else words
        found[name] = (directory, words[1:])
    program = re.search(r"target_link_libraries\(trainyard PRIVATE ([^)]*)\)", listing)[1]
    found["trainyard"] = ("", [*program.split(), "base", "os"])
    return found


def owner_of(path, by_directory):
    """The library whose directory holds a file of src/, given relative to it."""
    for parent in path.parents:
        name = "" if str(parent) == "." else str(parent)
        if name in by_directory:
            return by_directory[name]
    return None


def arrows(files):
    """A library includes only itself and what its DEPS name, and each name there is an arrow."""
    known = libraries()
    by_directory = {directory: name for name, (directory, _) in known.items()}
    used = {name: set() for name in known}
    for path in files:
        if path.suffix not in CXX or not path.is_relative_to(ROOT / "src"):
            continue
        here = owner_of(path.relative_to(ROOT / "src"), by_directory)
        is_test = path.stem.endswith("_test")
        for number, line in enumerate(text_of(path).splitlines(), 1):
            included = re.match(r'#include "([^"]+)"', line)
            if not included:
                continue
            there = owner_of(pathlib.PurePath(included[1]), by_directory)
            if there in (here, None) or path.suffix == ".cc" or included[1].endswith(".inc"):
                continue
            used[here].add(there)
            if there not in reach(here, known) if is_test else there not in known[here][1]:
                yield path, number, f"{here} may not include {there} (src/libraries.cmake)"
    for name, (_, dependencies) in known.items():
        for extra in sorted(set(dependencies) - used[name] - {"base", "os"}):
            if name != "trainyard":
                yield ROOT / "src/libraries.cmake", 1, f"{name} names {extra} and never includes it"


def reach(name, known):
    seen, left = set(), [name]
    while left:
        for there in known[left.pop()][1]:
            if there in known and there not in seen:
                seen.add(there)
                left.append(there)
    return seen


def lengths(files):
    for path in files:
        lines = text_of(path).splitlines()
        if path.suffix not in CXX | {".py", ".cmake"} and path.name not in ("setup", "quickstart"):
            continue
        if len(lines) > FILE_LINES:
            yield path, FILE_LINES + 1, f"{len(lines)} lines; at most {FILE_LINES}"
        generated = "_as_written" in path.stem or "recorded" in path.stem
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS and not generated and path.suffix not in CXX:  # clang-format's
                yield path, number, f"{len(line)} columns; at most {COLUMNS}"
        functions = cxx_functions(lines) if path.suffix in CXX else ()
        if path.suffix == ".py" and not generated:
            functions = python_functions(path)
        for first, last in functions:
            if last - first + 1 > FUNCTION_LINES:
                yield path, first, f"a function of {last - first + 1} lines; at most {FUNCTION_LINES}"


def python_functions(path):
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno


def cxx_functions(lines):
    """(first, last) line of each function body, told by clang-format's shape of code: a line that
    ends with an opening brace after a parameter list, closed at the same indentation."""
    for at, line in enumerate(lines):
        if not re.search(r"\)( const| noexcept| override| mutable|->.*)* \{$", line):
            continue
        if re.match(r"\s*(\} )?(if|for|while|switch|else|catch|do|namespace)\b", line):
            continue
        start = at
        is_lambda = re.search(r"\[[^]]*\]\(", line)  # it ends where it began, whatever call it is in
        while not is_lambda and start > 0 and (lines[start - 1].rstrip()[-1:] in (",", "(") or
                                               lines[start].lstrip().startswith(": ")):
            start -= 1  # parameters or initializers over several lines
        indent = re.match(r"\s*", lines[start])[0]
        for end in range(at + 1, len(lines)):
            if re.match(re.escape(indent) + r"\}", lines[end]):
                yield at + 1, end + 1
                break


def banned(files):
    for path in files:
        if path.suffix not in CXX:
            continue
        name = str(path.relative_to(ROOT))
        for number, line in code_lines(path):
            for pattern, why, allowed in BANNED:
                if re.search(pattern, line) and not name.startswith(allowed or "\0"):
                    yield path, number, why


def python_sleeps(files):
    """Tests wait for a thing in wait_until() and nowhere else."""
    for path in files:
        if path.suffix != ".py" or not path.is_relative_to(ROOT / "tests") or path == here():
            continue
        inside = set()
        for node in ast.walk(ast.parse(text_of(path))):
            if isinstance(node, ast.FunctionDef) and node.name == "wait_until":
                inside.update(range(node.lineno, node.end_lineno + 1))
            if (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                    and node.func.attr == "sleep" and node.lineno not in inside):
                yield path, node.lineno, "no test sleeps: wait for the thing by wait_until()"


def phases(files):
    for path in files:
        if path.suffix not in CXX or path.is_relative_to(ROOT / "src/job"):
            continue
        for number, line in code_lines(path):
            if re.search(r"\bphase\s*=\s*(job::)?Phase::|\bjob\w*\.phase\s*=[^=]", line) \
                    and "tests" not in path.parts and not path.stem.endswith("_test"):
                yield path, number, "only src/job moves a phase"


def beast(files):
    users = [p for p in files if p.suffix in CXX and "<boost/beast" in text_of(p)]
    for path in users:
        if path.parent != ROOT / "src/net" or len(users) > BEAST_FILES:
            yield path, 1, f"Beast is for at most {BEAST_FILES} files of src/net"


def headers(files):
    """A header is included once, and begins by saying what it is."""
    for path in files:
        if path.suffix == ".hpp":
            lines = text_of(path).splitlines()
            if lines[0] != "#pragma once":
                yield path, 1, "a header begins with #pragma once"
            elif not lines[1].startswith("/// "):
                yield path, 2, "a header says in /// what it is"


def dead_files(files):
    """A file that no other names is used by nobody. The build finds sources by their folder and
    the tests theirs by *_test."""
    everything = {path: text_of(path) for path in files}
    roots = {".gitignore", ".clang-format", ".clang-tidy", "CMakeLists.txt", "README.md", "run",
             "LICENSE", "CMakePresets.json", "conftest.py", "CHANGELOG.md", "CONTRIBUTING.md"}
    for path in files:
        stem = path.stem
        if path.name in roots or stem.endswith(("_test", "_as_written")):
            continue
        if path.suffix == ".cpp" and path.is_relative_to(ROOT / "src"):
            continue
        wanted = stem if path.suffix in (".py", ".cc") else path.name
        if not any(re.search(rf"\b{re.escape(wanted)}\b", text)
                   for other, text in everything.items() if other != path):
            yield path, 1, "no other file names it: is it still used?"


def links(files):
    """What a document points at is there."""
    for path in files:
        if path.suffix != ".md":
            continue
        for number, line in enumerate(text_of(path).splitlines(), 1):
            for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", line):
                if not (path.parent / target).exists():
                    yield path, number, f"points at {target}, which is not there"


def promises(files):
    """docs/SEMANTICS.md numbers what holds, once each. A test that shows it names the number, behind
    the word SEMANTICS; every promise has such a test, or says that it has none."""
    document = ROOT / "docs/SEMANTICS.md"
    if not document.exists():
        yield document, 1, "is missing"
        return
    kinds = {}
    for number, line in enumerate(text_of(document).splitlines(), 1):
        entry = re.match(r"- \*\*(\w+)\*\* ([^:]*):", line)
        if not entry:
            continue
        if entry[1] in kinds or not re.fullmatch(r"[A-Z][1-9]\d*", entry[1]):
            yield document, number, f"{entry[1]} is no number, or one that is taken"
        if not re.fullmatch(r"promise( \(not tested\))?(, difference)?|difference", entry[2]):
            yield document, number, f"{entry[1]} is neither a promise nor a difference"
        kinds[entry[1]] = (entry[2], number)
    shown = set()
    for path in files:
        if not re.search(r"_test\.|_contract\.", path.name):
            continue
        for number, line in enumerate(text_of(path).splitlines(), 1):
            for named in re.findall(r"SEMANTICS ([A-Z]\d+(?:, [A-Z]\d+)*)", line):
                shown.update(named.split(", "))
                for unknown in sorted(set(named.split(", ")) - kinds.keys()):
                    yield path, number, f"docs/SEMANTICS.md has no {unknown}"
    for name, (kind, number) in kinds.items():
        if "promise" in kind and (name in shown) == ("not tested" in kind):
            yield document, number, (f"{name} has a test: it is not \"not tested\"" if name in shown
                                     else f"no test names {name}: write one, or say (not tested)")


def folders(files):
    """src/README.md says of each folder what it is and what it does not know."""
    listing = text_of(ROOT / "src/README.md")
    for folder in sorted({p.parent for p in files if p.is_relative_to(ROOT / "src")}):
        name = str(folder.relative_to(ROOT / "src"))
        if name != "." and f"`{name}/`" not in listing and f"`{name}`" not in listing:
            yield ROOT / "src/README.md", 1, f"does not tell what {name} is"


def own_words(files):
    """The project speaks of itself alone: nothing of where it was written."""
    words = re.compile("|".join(["/wo" + "rk/", r"\.\./sha" + "red", "farm-" + "bench",
                                 r"\b(DES" + r"IGN|WI" + r"RE|TOOL" + r"KIT|SER" + r"VICE|SE" +
                                 r"ED|PE" + r"ERS|DEM" + r"ANDS|PLAT" + r"FORM)\.md"]))
    for path in files:
        for number, line in enumerate(text_of(path).splitlines(), 1):
            if words.search(line):
                yield path, number, "names a place or paper outside the project"


def here():
    return pathlib.Path(__file__).resolve()


RULES = [arrows, lengths, banned, python_sleeps, phases, beast, headers, dead_files, links,
         promises, folders, own_words]


def check_format(files):
    sources = [str(p) for p in files if p.suffix in {".cpp", ".hpp", ".cc"}]
    return subprocess.run(["clang-format-19", "--dry-run", "-Werror", *sources]).returncode


def main():
    files = tracked()
    if "--format" in sys.argv:
        return check_format(files)
    bad = 0
    for rule in RULES:
        for path, number, what in rule(files):
            print(f"{path.relative_to(ROOT)}:{number}: {what}")
            bad += 1
    print(f"{len(files)} files, {bad} against the rules")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
