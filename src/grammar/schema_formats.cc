#include "grammar/schema_formats.h"

// Parts of the expressions below; RFC 3339 for dates and times, RFC 4291 for addresses. Years are 1000 to 9999: not everyone who
// reads dates takes the year 0.
#define MALMOI_LEAP_YEAR "([1-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26])00)"
#define MALMOI_DATE                                                                                                    \
  "([1-9][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-" \
  "8]))"                                                                                                               \
  "|" MALMOI_LEAP_YEAR "-02-29)"
#define MALMOI_TIME "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
#define MALMOI_BYTE "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
#define MALMOI_IPV4 "(" MALMOI_BYTE "\\.){3}" MALMOI_BYTE
#define MALMOI_HEX "[0-9A-Fa-f]{1,4}"
#define MALMOI_LABEL "[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
#define MALMOI_PATH "([0-9A-Za-z._~:/@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
#define MALMOI_HOST MALMOI_LABEL "(\\." MALMOI_LABEL "){0,3}"

namespace malmoi::grammar {
namespace {

struct Format {
  const char* name;
  const char* regex;
};

constexpr Format kFormats[] = {
    {"date", MALMOI_DATE},
    {"time", MALMOI_TIME},
    {"date-time", MALMOI_DATE "T" MALMOI_TIME},
    {"duration",
     "P([0-9]{1,9}W|[0-9]{1,9}Y([0-9]{1,9}M([0-9]{1,9}D)?)?|[0-9]{1,9}M([0-9]{1,9}D)?|[0-9]{1,9}D|"
     "([0-9]{1,9}D)?T([0-9]{1,9}H([0-9]{1,9}M([0-9]{1,9}S)?)?|[0-9]{1,9}M([0-9]{1,9}S)?|[0-9]{1,9}S))"},
    {"uuid", "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"},
    {"email", "[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]{1,20}(\\.[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]{1,20}){0,2}@" MALMOI_HOST},
    {"hostname", MALMOI_HOST},
    {"ipv4", MALMOI_IPV4},
    {"ipv6", "((" MALMOI_HEX ":){7}" MALMOI_HEX "|(" MALMOI_HEX ":){1,7}:|(" MALMOI_HEX ":){1,6}:" MALMOI_HEX
             "|(" MALMOI_HEX ":){1,5}(:" MALMOI_HEX "){1,2}|(" MALMOI_HEX ":){1,4}(:" MALMOI_HEX "){1,3}|(" MALMOI_HEX
             ":){1,3}(:" MALMOI_HEX "){1,4}|(" MALMOI_HEX ":){1,2}(:" MALMOI_HEX "){1,5}|" MALMOI_HEX ":(:" MALMOI_HEX
             "){1,6}|:((:" MALMOI_HEX "){1,7}|:))"},
    {"uri", "[A-Za-z][0-9A-Za-z+.-]{0,20}://" MALMOI_HOST "(:[0-9]{1,5})?(/" MALMOI_PATH "{0,1000})?(\\?" MALMOI_PATH
            "{0,1000})?(#" MALMOI_PATH "{0,1000})?"},
};

}  // namespace

const char* format_regex(std::string_view name) {
  for (const Format& format : kFormats)
    if (format.name == name) return format.regex;
  return nullptr;
}

std::string format_names() {
  std::string out;
  for (const Format& format : kFormats) out += (out.empty() ? "" : ", ") + std::string(format.name);
  return out;
}

}  // namespace malmoi::grammar
