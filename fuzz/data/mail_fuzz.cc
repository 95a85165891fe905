// Fuzzes a message and its headers: whatever comes in, UTF-8 comes out.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "data/readers/mail.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace malmoi;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!is_valid_utf8(data::decode_header(bytes, "euc-kr"))) std::abort();
  auto mail = data::read_mail(bytes);
  if (!mail.ok()) return 0;
  if (mail->parts.empty() || !is_valid_utf8(mail->subject)) std::abort();
  for (const data::MailPart& part : mail->parts)
    if (!is_valid_utf8(part.text)) std::abort();
  return 0;
}
