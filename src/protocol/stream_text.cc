#include "protocol/stream_text.h"

namespace malmoi::protocol {

std::string_view StreamText::content_type() const {
  switch (form_) {
    case StreamForm::kEvents:
    case StreamForm::kEventsThenDone: return "text/event-stream; charset=utf-8";
    case StreamForm::kLines: return "application/x-ndjson";
    case StreamForm::kArray: break;
  }
  return "application/json";
}

std::string_view StreamText::nothing() const {
  const bool has_comments = form_ == StreamForm::kEvents || form_ == StreamForm::kEventsThenDone;
  return has_comments ? ":\n\n" : form_ == StreamForm::kArray && begun_ ? "\n" : "";
}

std::string StreamText::print(const std::vector<StreamEvent>& events) {
  std::string text;
  for (const StreamEvent& event : events) {
    const std::string json = dump_json(event.json);
    switch (form_) {
      case StreamForm::kEvents:
      case StreamForm::kEventsThenDone:
        if (!event.name.empty()) text += "event: " + std::string(event.name) + "\n";
        text += "data: " + json + "\n\n";
        break;
      case StreamForm::kLines: text += json + "\n"; break;
      case StreamForm::kArray: text += (begun_ ? ",\n" : "[") + json; break;
    }
    begun_ = true;
  }
  return text;
}

std::string StreamText::end(bool whole) {
  if (form_ == StreamForm::kEventsThenDone && whole) return "data: [DONE]\n\n";
  if (form_ == StreamForm::kArray) return begun_ ? "]\n" : "[]\n";
  return "";
}

}  // namespace malmoi::protocol
