#pragma once
/// Text as Python makes it: str(), repr(), str.upper(), shlex.quote(), float formatting. Arguments
/// and variables of a training script are these, byte for byte. Pure.
///
/// Text is UTF-8 in which a lone surrogate is three bytes (see json.hpp).

#include "base/result.hpp"
#include "toolkit/json.hpp"

#include <string>
#include <string_view>

namespace trainyard::toolkit {

/// Whether the bytes are such text: UTF-8, but for lone surrogates.
bool is_text(std::string_view bytes);
/// Takes the first code point off. `text` must be such text and not empty.
char32_t take_code_point(std::string_view& text);
void append_code_point(std::string& text, char32_t c);
std::size_t count_code_points(std::string_view text);

/// repr(float): the shortest digits that read back, "1e-05", "100.0", "nan", "-inf".
std::string python_real(double value);
/// The same as json.dumps writes it: "NaN", "Infinity".
std::string json_real(double value);

/// str(value)
std::string python_str(const Json& value);
/// repr(value)
std::string python_repr(const Json& value);
/// repr(str)
std::string python_repr(std::string_view text);

/// str.upper() over all of Unicode, special cases included ("\u00df" -> "SS").
std::string python_upper(std::string_view text);

/// shlex.quote(): what a POSIX shell reads back as one word.
std::string shell_quote(std::string_view text);

/// Bytes from the system (a variable, a path) as Python's os.fsdecode reads them: a byte that is
/// not UTF-8 becomes a lone surrogate U+DC80..U+DCFF.
std::string from_system(std::string_view bytes);
/// The way back, os.fsencode. An error for any other lone surrogate and for a NUL.
Result<std::string> to_system(std::string_view text);

/// How Python prints to a terminal or log: a lone surrogate as "\udc80". Other bytes stay.
std::string escape_surrogates(std::string_view text);

/// bytes.decode("utf-8", "replace"): what is not UTF-8 becomes U+FFFD, one for each maximal piece.
std::string replace_invalid(std::string_view bytes);

}  // namespace trainyard::toolkit
