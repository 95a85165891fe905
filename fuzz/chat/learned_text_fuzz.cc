// Fuzzes the search for answers: the first byte chooses a template, the rest are messages with a zero byte between, of user and
// assistant in turns. Whatever they say, answers stand in the text one behind the other, each within it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "chat/learned_text.h"
#include "chat/published_template.h"

using namespace malmoi::chat;

namespace {

constexpr const char* kTemplates[] = {
    "{% for m in messages %}{{ '<s>' + m.role + '\n' + m.content + '</s>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<s>assistant\n' }}{% endif %}",
    "{% for m in messages %}{{ '[' + m.role + '] ' + m.content | trim + '</s>' }}{% endfor %}{{ '</s>' }}",
    "{% for m in messages %}{{ m.content.split('</think>')[-1].lstrip('\n') }}{% endfor %}<s>",
    "{% for m in messages %}{% generation %}{{ m.content }}</s>{% endgeneration %}{% endfor %}",
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  auto published = PublishedTemplate::of_text(kTemplates[data[0] % std::size(kTemplates)], "t");
  if (!published.ok()) std::abort();
  std::vector<Message> messages;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  while (!text.empty() && messages.size() < 8) {
    const size_t end = std::min(text.find('\0'), text.size());
    messages.push_back({messages.size() % 2 ? "assistant" : "user", std::string(text.substr(0, end))});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const ChatTemplate chat_template = ChatTemplate::of_model(*std::move(published), {"<s>", "</s>"});
  auto learned = chat_template.render_learned(messages, {.end_tokens = {"</s>"}});
  if (!learned.ok()) return 0;
  for (const LearnedText::Answer& answer : learned->answers) {
    const auto [begin, end] = answer.place;
    if (begin > end || end > learned->text.size() || answer.message >= messages.size()) std::abort();
  }
  return 0;
}
