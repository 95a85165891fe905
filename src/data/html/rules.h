// What the words of a page give away: names of classes and ids, and lines that every site repeats.
#pragma once

#include <string>
#include <string_view>

namespace malmoi::data::html {

enum class NameHint {
  kNone,
  kShape,   // boilerplate if it is links outside content (list, links ...)
  kWeak,    // boilerplate if it is links or fragments (best, tags, info ...)
  kStrong,  // boilerplate unless it holds the page (nav, ad, comments, related ...)
  kHidden,  // not shown (sr-only, blind ...)
};

/// By the words of a class or id attribute, split at punctuation and capitals.
NameHint name_hint(std::string_view attribute);
/// Whether a class or id names content (content, article, entry, post ...).
bool names_content(std::string_view attribute);

/// A short line of the kind that stands around content: bylines, dates, sharing, copyright, previous and next.
/// `width` is the line's width (see text_width).
bool is_boilerplate_line(std::string_view text, size_t width);
/// A short line cut by bars, dots or arrows: a path or a bar of links, as a rule; between paragraphs a list of its own.
bool is_separated_line(std::string_view text, size_t width);
/// A heading after which comments, related pages or the like follow.
bool is_cutting_heading(std::string_view text);
/// The label of a row of metadata in a notice board: 1 the title's, 2 another's (writer, date, hits ...), 0 none.
int metadata_label(std::string_view cell);

/// Ends as a sentence does.
bool ends_sentence(std::string_view text);
/// Code points, those of East Asian width twice.
size_t text_width(std::string_view text);

}  // namespace malmoi::data::html
