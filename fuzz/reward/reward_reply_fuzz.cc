// Fuzzes what reward programs answer: whatever the line is, it is a finite reward, an error or rubbish that can be shown.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "reward/program_reply.h"
#include "reward/python_tests.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::reward;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const ProgramReply reply = parse_program_reply(line, 7);
  if (!std::isfinite(reply.reward)) std::abort();
  if (!malmoi::is_valid_utf8(reply.what) || reply.what.find('\n') != std::string::npos) std::abort();
  if (reply.kind == ProgramReply::Kind::kRubbish && reply.what.empty()) std::abort();
  if (passed_tests(line, "m", 5) > 5) std::abort();
  return 0;
}
