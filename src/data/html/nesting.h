// How deep a page's elements nest and how many formatting elements stand open, told tag by tag without a tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace malmoi::data::html {

/// Follows the HTML standard's rules for tags that close others or are themselves ignored ("in body", tables, select,
/// foreign elements), so that markup made to nest without end counts as what it is. Where the standard leaves the
/// outcome to more than the tags, an element counts as open. Time a tag: the depth, at most.
class Nesting {
 public:
  /// A start tag. False: it is beyond the limit on formatting elements and is to be left out.
  bool open(std::string_view name, bool closes_itself);
  /// An end tag. False: its start tag was left out, and it is to be left out too.
  bool close(std::string_view name);
  size_t depth() const { return stack_.size(); }
  /// Whether what comes next stands in SVG or MathML, where tags may close themselves.
  bool foreign() const;

 private:
  struct Entry {
    std::string name;
    uint32_t kind = 0;
    bool foreign = false;
    std::string cell = {};  // of a table: td, th or caption while one is open
  };
  struct Formatting {
    std::string name;
    size_t markers = 0;  // cells, objects and the like around it: what an end tag does not reach across
    bool left_out = false;
  };

  static constexpr size_t kNone = SIZE_MAX;

  template <typename Match, typename Stop>
  size_t find(const Match& match, const Stop& stop) const;
  size_t find_name(std::string_view name, uint32_t barriers) const;
  void pop_to(size_t index);
  void leave_cell(size_t table);
  size_t markers() const;
  size_t nearest_table() const;
  size_t open_select() const;
  bool leave_foreign(std::string_view name);
  void open_in_list(std::string_view name);
  bool is_left_out(std::string_view name) const;
  void remember(std::string_view name, bool left_out);
  bool open_formatting(std::string_view name);
  bool close_formatting(std::string_view name);
  void close_ordinary(std::string_view name);

  std::vector<Entry> stack_;
  std::vector<Formatting> formatting_;
};

}  // namespace malmoi::data::html
