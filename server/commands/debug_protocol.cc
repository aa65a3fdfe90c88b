// SPDX-License-Identifier: MIT
//
// The values are those that Redis replies: tests of clients look for them.
#include "server/commands/debug_protocol.h"

#include "engine/base/ascii.h"

namespace sluice::commands {
namespace {

using protocol::ReplyWriter;

constexpr int kElements = 3;

void reply_map(ReplyWriter& reply) {
  reply.map(kElements);
  for (int i = 0; i < kElements; ++i) {
    reply.integer(i);
    reply.boolean(i == 1);
  }
}

void reply_numbers(ReplyWriter& reply) {
  for (int i = 0; i < kElements; ++i)
    reply.integer(i);
}

void reply_attribute(ReplyWriter& reply) {
  if (reply.version() >= 3) {  // before, there are no attributes
    reply.raw("|1\r\n");
    reply.bulk("key-popularity");
    reply.array(2);
    reply.bulk("key:123");
    reply.integer(90);
  }
  reply.bulk("Some real reply following the attribute");
}

void reply_push(ReplyWriter& reply) {
  reply.push(2);
  reply.bulk("server-cpu-usage");
  reply.integer(42);
  reply.bulk("Some real reply following the push reply");
}

}  // namespace

Result<void> debug_protocol(core::CommandCall& call) {
  const std::string_view type = call.words[2];
  ReplyWriter& reply = call.reply;
  const auto is = [type](std::string_view name) { return equals_folded(type, name); };
  if (is("push") && reply.version() < 3) return call.fail("ERR RESP2 is not supported by this command");

  if (is("string")) {
    reply.bulk("Hello World");
  } else if (is("integer")) {
    reply.integer(12345);
  } else if (is("double")) {
    reply.number(3.141);
  } else if (is("null")) {
    reply.null();
  } else if (is("array")) {
    reply.array(kElements);
    reply_numbers(reply);
  } else if (is("set")) {
    reply.set(kElements);
    reply_numbers(reply);
  } else if (is("map")) {
    reply_map(reply);
  } else if (is("attrib")) {
    reply_attribute(reply);
  } else if (is("push")) {
    reply_push(reply);
  } else if (is("true") || is("false")) {
    reply.boolean(is("true"));
  } else if (is("verbatim")) {
    reply.verbatim("txt", "This is a verbatim\nstring");
  } else if (is("bignum")) {
    reply.big_number("1234567999999999999999999999999999999");
  } else {
    return call.fail(
        "ERR Wrong protocol type name. Please use one of the following: "
        "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
  }
  return {};
}

}  // namespace sluice::commands
