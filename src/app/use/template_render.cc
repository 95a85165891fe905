#include "app/use/template_render.h"

#include "base/json.h"
#include "base/utf8.h"

namespace malmoi::app {
namespace {

Json spans_of(const chat::jinja::Rendered& rendered) {
  Json spans = Json::array();
  size_t byte = 0, code_points = 0;  // spans come in order, so the text is walked once
  auto place = [&](size_t offset) {
    code_points += count_code_points(std::string_view(rendered.text).substr(byte, offset - byte));
    byte = offset;
    return code_points;
  };
  for (auto [begin, end] : rendered.spans) {
    const size_t first = place(begin);
    spans.push_back({first, place(end)});
  }
  return spans;
}

}  // namespace

Result<TemplateLines> TemplateLines::open(const std::optional<Path>& file) {
  if (!file) {
    return TemplateLines(Result<chat::PublishedTemplate>(
        usage_error("there is no template", "request", "give --template or a 'template'")));
  }
  MALMOI_ASSIGN(std::string text, read_file(*file, 64 << 20));
  if (file->extension() != ".json") return TemplateLines(chat::PublishedTemplate::of_text(text, file->string()));
  auto config = parse_json(text, file->string());
  if (!config.ok()) return TemplateLines(Result<chat::PublishedTemplate>(std::move(config).error()));
  return TemplateLines(chat::PublishedTemplate::of_config(*config, file->string()));
}

Result<Json> TemplateLines::rendered(std::string_view line) const {
  MALMOI_ASSIGN(Json request, parse_json(line, "request"));
  if (!request.is_object()) return usage_error("is no JSON object", "request", "give one on each line");
  chat::jinja::Run::Moment now = chat::jinja::local_moment();
  if (auto moment = request.find("strftime_now"); moment != request.end()) {
    if (!moment->is_string()) return usage_error("is no text", "strftime_now", "write it as 2025-07-26T09:05:03");
    MALMOI_ASSIGN(now, chat::jinja::parse_moment(moment->get_ref<const std::string&>()));
    request.erase("strftime_now");
  }
  std::optional<chat::PublishedTemplate> own;
  if (auto source = request.find("template"); source != request.end()) {
    if (!source->is_string()) return usage_error("is no text", "template", "give the template's text");
    MALMOI_ASSIGN(own, chat::PublishedTemplate::of_text(source->get_ref<const std::string&>(), "template",
                                                        file_.ok() ? file_->special_tokens() : Json::object()));
    request.erase("template");
  }
  if (!own && !file_.ok()) return file_.error();
  MALMOI_ASSIGN(chat::jinja::Rendered made, (own ? *own : *file_).render(std::move(request), now));
  return Json{{"text", made.text}, {"spans", spans_of(made)}};
}

std::string TemplateLines::answer(std::string_view line) const {
  auto made = rendered(line);
  return dump_json(made.ok() ? *made : Json{{"error", made.error().to_string()}});
}

}  // namespace malmoi::app
