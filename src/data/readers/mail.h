// Mail: a message's subject and text, its MIME parts and encodings undone.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace malmoi::data {

struct MailText {
  std::string subject;
  std::string body;      // UTF-8: the plain part, else the HTML part
  std::string encoding;  // of the part chosen
  bool html = false;
};

/// Reads one message (RFC 5322, MIME; base64 and quoted-printable; encoded words in the subject). Sender and recipients
/// are not kept. Errors: no text in it.
Result<MailText> read_mail(std::string_view message);

/// The decoded bytes; characters outside the alphabet are passed over.
std::string decode_base64(std::string_view text);
std::string decode_quoted_printable(std::string_view text, bool in_header);

}  // namespace malmoi::data
