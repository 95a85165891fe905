#include "app/compress/beside.h"

#include "app/store/choice.h"
#include "base/json.h"
#include "chat/published_template.h"

namespace malmoi::app {
namespace {

constexpr uint64_t kLargestBeside = 64 << 20;
constexpr const char* kTemplateFile = "chat_template.jinja";
constexpr const char* kTokenizerConfig = "tokenizer_config.json";

}  // namespace

Status check_other_folder(const Path& model, const Path& out) {
  std::error_code ignored;
  if (!std::filesystem::equivalent(model, out, ignored)) return {};
  return usage_error("is the model's own folder", out.string(), "give another one with --out");
}

Status copy_beside(const Path& from, const Path& to, const std::function<bool(std::string_view)>& leave_out) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(from, failed)) {
    const Path name = entry.path().filename();
    const std::string text = name.string();
    const bool is_wanted = (stands_beside_weights(text) && text != "config.json") || is_licence(text);
    if (!is_wanted || (leave_out && leave_out(text)) || !entry.is_regular_file(failed)) continue;
    std::filesystem::copy_file(entry.path(), to / name, std::filesystem::copy_options::overwrite_existing, failed);
    if (failed) return Error{ErrorCode::kIo, "cannot copy " + text, to.string(), failed.message()};
  }
  return {};
}

Result<std::string> template_of_folder(const Path& folder) {
  if (malmoi::exists(folder / kTemplateFile)) return read_file(folder / kTemplateFile, kLargestBeside);
  if (!malmoi::exists(folder / kTokenizerConfig)) return std::string();
  MALMOI_ASSIGN(const Json config, read_json((folder / kTokenizerConfig).string(), kLargestBeside));
  return config.is_object() ? json_string(config, "chat_template") : std::string();
}

Status keep_template(const Path& from, const Path& to) {
  MALMOI_ASSIGN(const std::string there, template_of_folder(to));
  if (!there.empty()) return {};
  MALMOI_ASSIGN(const std::string text, template_of_folder(from));
  return text.empty() ? Status() : write_file(to / kTemplateFile, text);
}

Status set_template(const Path& folder, const std::string& text) {
  MALMOI_TRY(chat::PublishedTemplate::of_text(text, "chat_template"));
  const Path config_file = folder / kTokenizerConfig;
  if (malmoi::exists(config_file)) {
    MALMOI_ASSIGN(Json config, read_json(config_file.string(), kLargestBeside));
    if (config.is_object() && config.erase("chat_template") > 0)
      MALMOI_TRY(write_file(config_file, dump_json(config, 2) + "\n"));
  }
  return write_file(folder / kTemplateFile, text);
}

}  // namespace malmoi::app
