#include "chat/jinja/globals.h"

#include <chrono>
#include <clocale>
#include <ctime>
#include <locale.h>

#include "chat/jinja/namespace.h"
#include "chat/jinja/print.h"

namespace malmoi::chat::jinja {
namespace {

constexpr Int kMaxRange = 100000;  // as of Jinja's sandbox

Result<Value> range(Run&, const Args& args) {
  MALMOI_TRY(check_count("range", args, 1, 3));
  Int bounds[3] = {0, 0, 1};
  for (size_t i = 0; i < args.positional.size(); ++i) {
    MALMOI_ASSIGN(Int bound, integer_argument("range", args.positional[i]));
    if (bound > kMaxBound || bound < -kMaxBound) return type_error("range() has too many numbers");
    bounds[args.positional.size() == 1 ? 1 : i] = bound;
  }
  if (bounds[2] == 0) return type_error("range() has a step of 0");
  auto made = std::make_shared<Range>(bounds[0], bounds[1], bounds[2]);
  if (made->length() > kMaxRange) return type_error("range() has more than 100000 numbers");
  return Value(std::shared_ptr<Object>(std::move(made)));
}

// What dict() and namespace() are made of: a dict or pairs, then names.
Result<std::shared_ptr<Dict>> entries(Run& run, const Args& args, const char* function) {
  MALMOI_TRY(check_count(function, Args{.positional = args.positional}, 0, 1));
  auto made = std::make_shared<Dict>();
  if (!args.positional.empty() && args.positional[0].dict()) {
    for (const auto& [key, value] : args.positional[0].dict()->entries) made->set(key, value);
  } else if (!args.positional.empty()) {
    MALMOI_ASSIGN(Items pairs, run.items_of(args.positional[0]));
    for (const Value& pair : *pairs) {
      MALMOI_ASSIGN(Items parts, run.items_of(pair));
      if (parts->size() != 2) return type_error(std::string(function) + "() wants pairs of a key and a value");
      MALMOI_TRY(run.check_key((*parts)[0]));
      made->set((*parts)[0], (*parts)[1]);
    }
  }
  for (const auto& [name, value] : args.named) made->set(run.text(name), value);
  return made;
}

Result<Value> make_dict(Run& run, const Args& args) {
  MALMOI_ASSIGN(std::shared_ptr<Dict> made, entries(run, args, "dict"));
  return run.dict(std::move(made));
}

Result<Value> make_namespace(Run& run, const Args& args) {
  MALMOI_ASSIGN(std::shared_ptr<Dict> from, entries(run, args, "namespace"));
  auto made = std::make_shared<Namespace>(Charge(run.budget(), sizeof(Namespace) + 64));
  run.keep(made);
  for (const auto& [key, value] : from->entries) {
    if (!key.text()) return type_error("namespace() wants names");
    MALMOI_TRY(made->set(run, key.text()->bytes, value));
  }
  return Value(std::shared_ptr<Object>(std::move(made)));
}

Result<Value> raise_exception(Run& run, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("raise_exception", args, {"message"}, 1));
  MALMOI_ASSIGN(std::string message, run.string_of(*bound[0]));
  return invalid_data(message.empty() ? "the template refuses this conversation" : message, "",
                      "change what the template refuses");
}

// Names of days and months in English, whatever the machine's language.
Result<Value> strftime_now(Run& run, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("strftime_now", args, {"format"}, 1));
  MALMOI_ASSIGN(std::string_view given, text_argument("strftime_now", *bound[0]));
  const Run::Moment now = run.now();
  std::string format;  // without what a time without a zone says otherwise: microseconds, nothing for the zone
  for (size_t i = 0; i < given.size(); ++i) {
    if (given[i] != '%' || i + 1 >= given.size()) {
      if (given[i] == '%') format += '%';
      format += given[i];
      continue;
    }
    const char directive = given[++i];
    if (directive == 'f') {
      std::string digits = std::to_string(1000000 + now.microsecond);
      format += digits.substr(1);
    } else if (directive != 'z' && directive != 'Z') {
      (format += '%') += directive;
    }
  }
  std::tm time{};
  time.tm_year = now.year - 1900;
  time.tm_mon = now.month - 1;
  time.tm_mday = now.day;
  time.tm_hour = now.hour;
  time.tm_min = now.minute;
  time.tm_sec = now.second;
  time.tm_isdst = -1;
  const std::chrono::year_month_day date = std::chrono::year(now.year) / now.month / now.day;
  const std::chrono::sys_days day = date;
  time.tm_yday = static_cast<int>((day - std::chrono::sys_days(date.year() / 1 / 1)).count());
  time.tm_wday = static_cast<int>(std::chrono::weekday(day).c_encoding());
  constexpr size_t kLongest = 1 << 16;
  if (format.empty()) return run.text("");
  if (format.size() > kLongest / 64) return type_error("strftime_now() wants a shorter format");
  static const locale_t kEnglish = newlocale(LC_ALL_MASK, "C", nullptr);
  std::string out(kLongest, '\0');
  out.resize(strftime_l(out.data(), out.size(), format.c_str(), &time, kEnglish));
  return run.text(std::move(out));
}

constexpr GlobalEntry kGlobals[] = {{"range", range},
                                    {"dict", make_dict},
                                    {"namespace", make_namespace},
                                    {"cycler", make_cycler},
                                    {"joiner", make_joiner},
                                    {"raise_exception", raise_exception},
                                    {"strftime_now", strftime_now}};

class Function : public Object {
 public:
  explicit Function(const GlobalEntry& entry) : entry_(&entry) {}
  const char* type_name() const override { return "function"; }
  bool callable() const override { return true; }
  Status print(std::string& out, int) const override {
    out += "<function " + std::string(entry_->name) + ">";
    return {};
  }
  Result<Value> call(Run& run, const Args& args) override { return entry_->function(run, args); }

 private:
  const GlobalEntry* entry_;
};

}  // namespace

std::span<const GlobalEntry> global_table() { return kGlobals; }

std::optional<Value> global_function(std::string_view name) {
  for (const GlobalEntry& entry : kGlobals) {
    if (entry.name == name) return Value(std::shared_ptr<Object>(std::make_shared<Function>(entry)));
  }
  return {};
}

}  // namespace malmoi::chat::jinja
