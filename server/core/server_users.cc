// SPDX-License-Identifier: MIT
//
// What the server does with its users: takes them over from the configuration, notes whom they were denied what, and
// ends the connections of those who go.
#include <algorithm>

#include "engine/base/ascii.h"
#include "persistence/file_system.h"
#include "server/core/client_line.h"
#include "server/core/config_text.h"
#include "server/core/server.h"

namespace sluice::core {
namespace {

// More than this is no file of users.
constexpr uint64_t kAclFileBytesMax = 64u << 20;

Io<std::string> read_text(FileSystem& files, const std::string& path) {
  TRY(const std::unique_ptr<File> file, files.open_read(path));
  TRY(const uint64_t size, file->size());
  std::string text(std::min(size, kAclFileBytesMax), '\0');
  TRY_VOID(read_exactly(*file, 0, text.data(), text.size()));
  return text;
}

// All of it or, whenever the machine stops, the old file.
Io<void> replace_text(FileSystem& files, const std::string& path, std::string_view text) {
  const std::string temporary = path + ".tmp";
  TRY(const bool left_over, files.exists(temporary));
  if (left_over) TRY_VOID(files.remove(temporary));
  TRY(const std::unique_ptr<File> file, files.create(temporary));
  TRY_VOID(append_all(*file, text));
  TRY_VOID(file->sync());
  TRY_VOID(files.rename(temporary, path));
  return files.sync_directory(path_directory(path));
}

}  // namespace

bool Server::load_users() {
  const Settings& settings = config.settings();
  const auto fail = [this](const std::string& why) {
    seams.notices.write(NoticeLevel::kWarning, "The server does not start, because of its users: " + why);
    return false;
  };
  if (!settings.aclfile.empty() && !settings.users.empty()) {
    return fail(
        "they are in the configuration (user) and in a file of their own (aclfile); only one of both may be");
  }
  for (const std::string& line : settings.users) {
    const auto words = split_words(line);
    const std::vector<std::string_view> views(words->begin(), words->end());
    if (const auto error = acl.add_configured(views)) return fail(*error);
  }
  if (settings.aclfile.empty()) return true;
  std::string error;
  if (!reload_users(error, nullptr)) return fail(error);
  return true;
}

bool Server::reload_users(std::string& error, const Session* self) {
  const std::string& path = config.settings().aclfile;
  const auto text = read_text(seams.files, path);
  if (!text.ok()) {
    error = "Error loading ACLs, opening file '" + path + "': " + text.error().text();
    return false;
  }
  auto users = acl.parse_file(text.value(), path, error);
  if (!users) return false;
  acl.replace(std::move(*users), [this, self](AclUser& gone) { drop_connections_of(gone, self); });
  drop_forbidden_listeners(self);
  return true;
}

bool Server::save_users(std::string& error) {
  std::string text;
  for (const std::string& line : acl.lines())
    text.append(line).append("\n");
  const auto written = replace_text(seams.files, config.settings().aclfile, text);
  if (written.ok()) return true;
  error = written.error().text();
  return false;
}

void Server::setting_changed(std::string_view directive) {
  const Settings& settings = config.settings();
  if (equals_folded(directive, "requirepass")) acl.set_default_password(settings.requirepass);
  if (equals_folded(directive, "acllog-max-len")) acl_log.trim(static_cast<size_t>(settings.acllog_max_len));
  choose_forms();
  if (equals_folded(directive, "acl-pubsub-default"))
    acl.set_new_users_have_channels(settings.acl_pubsub_default == PubSubDefault::kAllChannels);
}

void Server::begin_as_default(Session& session) {
  session.user = &acl.default_user();
  session.authenticated = session.user->needs_no_password() && session.user->enabled();
}

void Server::log_denial(const Session& session, AclDenial denial, AclContext context, std::string_view object,
                        std::string_view user) {
  AclLogEntry entry;
  entry.denial = denial;
  entry.context = context;
  entry.object = object;
  entry.user = user;
  entry.client = client_line(session, sequencer.mono_now());
  entry.created = entry.updated = sequencer.now();
  acl_log.add(std::move(entry), static_cast<size_t>(config.settings().acllog_max_len));
}

void Server::change_user(std::unique_ptr<AclUser> user, const Session& self) {
  acl.store(std::move(user));
  drop_forbidden_listeners(&self);
}

void Server::drop_forbidden_listeners(const Session* self) {
  for (const auto& [id, session] : sessions_) {
    if (session->subscriptions == nullptr || session->user->unrestricted()) continue;
    bool allowed = true;
    for (const auto kind :
         {SubscriptionKind::kChannel, SubscriptionKind::kPattern, SubscriptionKind::kShard}) {
      for (const auto& [name, place] : session->subscriptions->of(kind))
        allowed = allowed && session->user->may_use_channel(name, kind == SubscriptionKind::kPattern);
    }
    if (allowed) continue;
    if (session.get() == self) {
      session->closing = true;
    } else {
      kill(*session);
    }
  }
}

void Server::drop_connections_of(const AclUser& user, const Session* self) {
  for (const auto& [id, session] : sessions_) {
    if (session->user != &user) continue;
    session->user = &acl.default_user();
    session->authenticated = false;
    if (session.get() == self) {
      session->closing = true;
    } else {
      kill(*session);
    }
  }
}

}  // namespace sluice::core
