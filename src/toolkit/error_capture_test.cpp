#include "toolkit/error_capture.hpp"

#include <doctest/doctest.h>

using trainyard::toolkit::ErrorCapture;

namespace {

std::string captured(std::initializer_list<std::string> pieces) {
  ErrorCapture capture("ExecuteUserScriptError");
  for (const std::string& piece : pieces)
    capture.feed(piece);
  return capture.finish();
}

}  // namespace

TEST_CASE("the text begins at the first line with an error's name") {
  CHECK(captured({"start\nTraceback\n  File\n    raise ValueError('bad')\nValueError: bad\n"}) ==
        "raise ValueError('bad')\n ValueError: bad");
  CHECK(captured({"nothing known: Odd\n"}) == "");
  CHECK(captured({"it says ORTE here\n"}) == "it says ORTE here");
  CHECK(captured({"Some Error of no kind\n"}) == "");
  CHECK(captured({"ExecuteUserScriptError\n"}) == "ExecuteUserScriptError");
}

// SEMANTICS T5
TEST_CASE("lines are whole however they arrive") {
  CHECK(captured({"Key", "Err", "or: x", "\nne", "xt"}) == "KeyError: x\n next");
  CHECK(captured({"a\nb", "c\nKeyError", "\n"}) == "KeyError");
}

TEST_CASE("equal lines are there once, colons and blanks at the edges are gone") {
  CHECK(captured({"KeyError: \n same :\nsame\n\n\nlast\n"}) == "KeyError\n same\n \n last");
}

// SEMANTICS T5
TEST_CASE("of much output the end is kept, from an error on") {
  ErrorCapture capture("ExecuteUserScriptError");
  capture.feed("ValueError: early\n");
  for (int i = 0; i < 100'000; ++i)
    capture.feed("line " + std::to_string(i) + "\n");
  capture.feed("KeyError: late\nend\n");
  CHECK(capture.finish() == "KeyError: late\n end");
}

TEST_CASE("a line of megabytes is cut, what follows is not lost") {
  ErrorCapture capture("ExecuteUserScriptError");
  for (int i = 0; i < 100; ++i)
    capture.feed(std::string(100'000, 'x'));
  capture.feed("\nKeyError: y\n");
  CHECK(capture.finish() == "KeyError: y");
}
