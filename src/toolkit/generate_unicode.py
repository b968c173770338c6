"""Writes unicode_tables.hpp from the Unicode database of the Python that runs it.

    python3 src/toolkit/generate_unicode.py > src/toolkit/unicode_tables.hpp
"""
import sys
import unicodedata


def ranges(members):
    out = []
    for c in members:
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def upper_runs(simple):
    """Runs (first, last, step, delta): every step-th code point has upper case c + delta."""
    runs = []
    for c, delta in simple:
        if runs and runs[-1][3] == delta:
            first, last, step, _ = runs[-1]
            if last == first and c - last <= 2:
                runs[-1][1:3] = [c, c - last]
                continue
            if last != first and c - last == step:
                runs[-1][1] = c
                continue
        runs.append([c, c, 1, delta])
    return runs


def rows(items):
    line = ""
    for item in items:
        if len(line) + len(item) + 2 > 96:
            yield "    " + line.rstrip()
            line = ""
        line += item + ", "
    if line:
        yield "    " + line.rstrip()


def main():
    every = [chr(c) for c in range(0x110000)]
    hidden = ranges(ord(c) for c in every if not c.isprintable())
    special, simple = [], []
    for c in every:
        if c.upper() != c:
            if len(c.upper()) == 1:
                simple.append((ord(c), ord(c.upper()) - ord(c)))
            else:
                special.append((ord(c), c.upper()))
    print("#pragma once")
    print(f"/// Made by generate_unicode.py: Unicode {unicodedata.unidata_version}.")
    print("// clang-format off")
    print("namespace trainyard::toolkit::unicode {")
    print("struct Range { char32_t first, last; };")
    print("struct UpperRun { char32_t first, last, step; int delta; };")
    print("struct UpperSpecial { char32_t from; char32_t to[3]; };  // 0 ends\n")
    print("// What str.isprintable() refuses.")
    print("inline constexpr Range not_printable[] = {")
    print("\n".join(rows("{%#x, %#x}" % tuple(r) for r in hidden)))
    print("};\n\n// Letters whose upper case is one letter.")
    print("inline constexpr UpperRun upper_runs[] = {")
    print("\n".join(rows("{%#x, %#x, %d, %d}" % tuple(r) for r in upper_runs(simple))))
    print("};\n\n// Letters whose upper case is several.")
    print("inline constexpr UpperSpecial upper_specials[] = {")
    print("\n".join(rows("{%#x, {%s}}" % (c, ", ".join("%#x" % ord(u) for u in up))
                         for c, up in special)))
    print("};\n\n}  // namespace trainyard::toolkit::unicode")


if __name__ == "__main__":
    sys.exit(main())
