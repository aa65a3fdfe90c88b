// SPDX-License-Identifier: MIT
#include "server/commands/command_reference.h"

#include <string_view>

#include "server/commands/table.h"
#include "server/core/command_category.h"
#include "server/core/command_syntax.h"

namespace sluice::commands {
namespace {

using core::CommandSpec;
using core::Group;

struct Heading {
  Group group;
  std::string_view text;
};

// In the order in which a reader wants them: what the server is for comes first.
constexpr Heading kHeadings[] = {
    {Group::kQueue, "Queues"},
    {Group::kList, "Lists"},
    {Group::kStream, "Streams"},
    {Group::kString, "Strings"},
    {Group::kBitmap, "Bits"},
    {Group::kHash, "Hashes"},
    {Group::kSet, "Sets"},
    {Group::kSortedSet, "Sorted sets"},
    {Group::kGeneric, "Keys"},
    {Group::kTransactions, "Transactions"},
    {Group::kScripting, "Scripts"},
    {Group::kPubSub, "Publish and subscribe"},
    {Group::kConnection, "Connections"},
    {Group::kServer, "Server"},
    {Group::kCluster, "Cluster"},
};
static_assert(std::size(kHeadings) == static_cast<size_t>(Group::kQueue) + 1, "every group has a heading");

// A bar would end the table's cell.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

void append_row(std::string& text, const CommandSpec& spec, std::string_view container) {
  text += "| `" + cell(core::format_syntax(spec, container)) + "` | " + cell(spec.summary) + " | " +
          cell(spec.complexity) + " |\n";
}

void append_group(std::string& text, const Heading& heading) {
  std::string rows;
  for (const CommandSpec& spec : command_table()) {
    if (spec.group != heading.group || (spec.flags & core::kInternal) != 0) continue;
    if (spec.handler != nullptr) append_row(rows, spec, {});
    for (const CommandSpec& subcommand : spec.subcommands)
      append_row(rows, subcommand, spec.name);
  }
  if (rows.empty()) return;
  text.append("\n### ").append(heading.text).append("\n\n");
  text += "| command | what it does | cost |\n| --- | --- | --- |\n" + rows;
}

}  // namespace

std::string command_reference() {
  std::string text;
  for (const Heading& heading : kHeadings)
    append_group(text, heading);
  return text + "\n";
}

}  // namespace sluice::commands
