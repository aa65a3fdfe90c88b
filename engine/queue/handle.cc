// SPDX-License-Identifier: MIT
#include "engine/queue/handle.h"

#include "engine/base/number_text.h"

namespace sluice {

std::optional<StreamId> parse_message_id(std::string_view text) {
  if (text.find('-') == std::string_view::npos) return std::nullopt;
  return parse_stream_id(text, 0);
}

std::optional<Handle> parse_handle(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto id = parse_message_id(text.substr(0, colon));
  const auto deliveries = parse_u64(text.substr(colon + 1));
  if (!id || !deliveries || *deliveries > UINT32_MAX) return std::nullopt;
  return Handle{*id, static_cast<uint32_t>(*deliveries)};
}

size_t format_handle(char* to, const Handle& handle) {
  size_t size = format_stream_id(to, handle.id);
  to[size++] = ':';
  return size + format_u64(to + size, handle.deliveries);
}

}  // namespace sluice
