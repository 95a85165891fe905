// Mail whose lines were broken to be put together again: format=flowed.
#include <algorithm>

#include "data/readers/mail.h"

namespace malmoi::data {
namespace {

struct FlowedLine {
  size_t depth = 0;  // of quotation
  std::string_view text;
  bool goes_on = false;
};

FlowedLine read_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  FlowedLine out;
  out.depth = std::min(line.find_first_not_of('>'), line.size());
  line.remove_prefix(out.depth);
  if (line.starts_with(' '))
    line.remove_prefix(1);  // put there so that the line does not begin with a space, > or From
  out.text = line;
  out.goes_on = line.ends_with(' ') && line != "-- ";  // the line before a signature ends so, too
  return out;
}

}  // namespace

std::string join_flowed_lines(std::string_view text, bool delete_space) {
  std::string out;
  bool open = false;  // the paragraph of the last line goes on
  size_t depth = 0;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    FlowedLine line = read_line(text.substr(begin, end - begin));
    begin = end + 1;
    if (open && (line.depth != depth || line.text == "-- ")) {
      out += '\n';
      open = false;
    }
    if (!open && line.depth > 0) out.append(line.depth, '>') += ' ';
    if (line.goes_on && delete_space) line.text.remove_suffix(1);
    out += line.text;
    open = line.goes_on;
    depth = line.depth;
    if (!open) out += '\n';
  }
  return out;
}

}  // namespace malmoi::data
