// Fuzzes chat templates: the bytes are a template, rendered for a small conversation within small limits. Whatever it is, the
// answer is a text that is UTF-8, or an error of one line.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "chat/jinja/template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi::chat;
  auto made = jinja::Template::parse({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!made.ok()) return 0;
  static const malmoi::Json kVariables = {
      {"messages",
       {{{"role", "system"}, {"content", "S"}},
        {{"role", "user"}, {"content", "안녕 <b>"}},
        {{"role", "assistant"},
         {"content", ""},
         {"tool_calls", {{{"function", {{"name", "f"}, {"arguments", {{"x", 1.5}}}}}}}}}}},
      {"tools", nullptr},
      {"add_generation_prompt", true},
      {"bos_token", "<s>"}};
  auto shown = made->render(kVariables, {}, {.steps = 200'000, .memory = size_t{16} << 20});
  if (shown.ok() ? !malmoi::is_valid_utf8(shown->text) : shown.error().to_string().find('\n') != std::string::npos)
    std::abort();
  return 0;
}
