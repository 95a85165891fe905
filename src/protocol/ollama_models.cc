#include "protocol/ollama_models.h"

#include <fmt/format.h>

#include <chrono>
#include <set>
#include <string>
#include <utility>

#include "base/utc.h"
#include "protocol/fields.h"
#include "protocol/model_names.h"
#include "protocol/ollama_request.h"

namespace malmoi::protocol {
namespace {

// The one of Ollama that brought the newest field that is understood here, `logprobs`.
constexpr const char* kApiVersion = "0.12.11";

// Models stay loaded until another one wants their memory: a time that clients' types can hold in any time zone.
constexpr const char* kNever = "2300-01-01T00:00:00Z";

std::string tagged(const std::string& name) {
  const size_t last = name.rfind('/') + 1;  // 0 where there is none
  return name.find(':', last) == name.npos ? name + ":latest" : name;
}

std::string time_text(int64_t seconds) {
  return utc_text(std::chrono::system_clock::from_time_t(static_cast<std::time_t>(seconds)));
}

// 135M, 6.9M, 8.0B
std::string size_text(int64_t parameters) {
  if (parameters <= 0) return "";
  const auto count = static_cast<double>(parameters);
  if (count < 1e6) return fmt::format("{:.1f}K", count / 1e3);
  return count < 1e9 ? fmt::format("{:.1f}M", count / 1e6) : fmt::format("{:.1f}B", count / 1e9);
}

Json print_details(const chat::ModelInfo& model) {
  Json families = Json::array();
  if (!model.architecture.empty()) families.push_back(model.architecture);
  Json details = {{"parent_model", ""}, {"format", ""}, {"family", model.architecture}};
  details["families"] = std::move(families);
  details["parameter_size"] = size_text(model.parameters);
  details["quantization_level"] = "";
  return details;
}

Json print_entry(const chat::ModelInfo& model) {
  const std::string name = tagged(model.name);
  Json entry = {{"name", name}, {"model", name}, {"size", 0}, {"digest", ""}};
  entry["details"] = print_details(model);
  return entry;
}

// What GGUF's metadata would say, as far as it is known.
Json print_model_info(const chat::ModelInfo& model) {
  const std::string family = model.architecture.empty() ? "unknown" : model.architecture;
  Json info = {{"general.architecture", family}, {"general.basename", model.name}};
  if (model.parameters > 0) info["general.parameter_count"] = model.parameters;
  info[family + ".context_length"] = model.context_length;
  return info;
}

Json print_capabilities(const chat::ModelInfo& model) {
  Json list = Json::array({"completion"});
  if (model.takes_tools) list.push_back("tools");
  if (model.thinks) list.push_back("thinking");
  return list;
}

// The defaults that ask for something, a line each, by the names that Ollama has for them.
std::string parameters_text(const chat::SamplingOptions& defaults) {
  const chat::SamplingOptions neutral;
  std::string text;
  for (const chat::SamplingField& field : chat::sampling_fields()) {
    const std::string_view name = field.alias.empty() ? field.name : field.alias;
    std::visit(
        [&](auto member) {
          if (defaults.*member != neutral.*member) text += fmt::format("{:<30} {}\n", name, defaults.*member);
        },
        field.member);
  }
  return text;
}

Result<std::string> read_name(const Json& body) {
  Fields fields(body);
  const std::string name = fields.text("model").value_or(""), older = fields.text("name").value_or("");
  fields.refuse("system", "the model has none of its own", "");
  fields.refuse("template", "it shows what the model has", "");
  fields.refuse("options", "it shows what the model has");
  fields.ignore({"verbose"});
  if (name.empty() && older.empty()) fields.fail("model", "'model' is missing", "give the model's name");
  MALMOI_TRY(fields.finish());
  return name.empty() ? older : name;
}

}  // namespace

Reply list_ollama_models(const Json&, const Address&, const chat::Provider& provider) {
  Json list = Json::array();
  for (const chat::ModelInfo& model : provider.models()) {
    Json entry = print_entry(model);
    entry["modified_at"] = time_text(model.created);
    list.push_back(std::move(entry));
  }
  return Json{{"models", std::move(list)}};
}

Reply list_loaded_ollama_models(const Json&, const Address&, const chat::Provider& provider) {
  std::set<std::string> loaded;
  for (const chat::ModelStatus& status : provider.status()) {
    if (status.state != chat::ModelState::kLoaded) continue;
    loaded.insert(status.info.name);
    loaded.insert(status.adapters.begin(), status.adapters.end());
  }
  Json list = Json::array();
  for (const chat::ModelInfo& model : provider.models()) {
    if (!loaded.contains(model.name)) continue;
    Json entry = print_entry(model);
    entry["expires_at"] = kNever;
    entry["size_vram"] = 0;
    entry["context_length"] = model.context_length;
    list.push_back(std::move(entry));
  }
  return Json{{"models", std::move(list)}};
}

Reply show_ollama_model(const Json& body, const Address&, const chat::Provider& provider) {
  auto name = read_name(body);
  if (!name.ok()) return to_api_error(name.error());
  const auto model = find_model(without_tag(*name), provider);
  if (!model) return no_such_model(*name, provider.models());
  Json shown = {{"modelfile", ""}, {"template", ""}, {"parameters", parameters_text(model->defaults)}};
  shown["details"] = print_details(*model);
  shown["model_info"] = print_model_info(*model);
  shown["capabilities"] = print_capabilities(*model);
  shown["modified_at"] = time_text(model->created);
  return shown;
}

Reply ollama_version(const Json&, const Address&, const chat::Provider&) { return Json{{"version", kApiVersion}}; }

}  // namespace malmoi::protocol
