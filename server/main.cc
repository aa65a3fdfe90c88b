// SPDX-License-Identifier: MIT
//
// Builds the server by hand and runs it:
//
//   arguments ─► Config ─► directory, background, limits ─► clocks, entropy, files, workers, notices
//             ─► core::Server ─► Network: listen ─► load the log ─► run
//
// It listens before it loads: a second server on the same port must find out before it touches the log. Clients that
// come meanwhile wait. Exit codes: 0 after a clean end, 1 if the configuration, an address or the log is not as it
// must be, with the reason on standard error or in the log for people.
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "persistence/check.h"
#include "persistence/posix_file_system.h"
#include "server/commands/table.h"
#include "server/core/arguments.h"
#include "server/core/config.h"
#include "server/core/server.h"
#include "server/core/version.h"
#include "server/net/files.h"
#include "server/net/loop.h"
#include "server/net/memory_jemalloc.h"
#include "server/net/network.h"
#include "server/net/os_entropy.h"
#include "server/net/process.h"
#include "server/net/service_manager.h"
#include "server/net/stdout_notices.h"
#include "server/net/uv_clock.h"
#include "server/net/uv_worker.h"

namespace sluice {
namespace {

using core::Arguments;
using core::Config;
using core::NoticeLevel;
using core::Settings;

void print(FILE* to, std::string_view text) {
  fwrite(text.data(), 1, text.size(), to);
}

int fail(std::string_view text) {
  print(stderr, std::string(text) + "\n");
  return 1;
}

int print_version() {
  print(stdout, "Sluice server v=" + std::string(core::kVersion) + " redis_version=" +
                    std::string(core::kRedisVersion) + " libuv=" + uv_version_string() + "\n");
  return 0;
}

int check_aof(const Arguments& arguments) {
  PosixFileSystem files;
  const CheckResult result = check_log(files, arguments.check_path, arguments.check_fix);
  print(stdout, result.report);
  return result.good ? 0 : 1;
}

std::optional<std::string> read_included(const std::string& path) {
  int ignored = 0;
  return net::read_text(path, ignored);
}

// Whether rename-command says something that can be done.
std::optional<std::string> check_renames(const Config& config) {
  core::CommandTable commands(commands::command_table());
  const std::vector<std::string>& renames = config.settings().renamed_commands;
  for (size_t i = 0; i + 1 < renames.size(); i += 2) {
    if (const auto why = commands.rename(renames[i], renames[i + 1])) {
      return "\n*** FATAL CONFIG FILE ERROR ***\n>>> 'rename-command " + renames[i] + " \"" + renames[i + 1] +
             "\"'\n" + *why;
    }
  }
  return std::nullopt;
}

std::string absolute(const std::string& path) {
  return path.empty() || path.front() == '/' ? path : net::current_directory() + "/" + path;
}

std::optional<std::string> apply_file(Config& config, const std::string& path) {
  int error = 0;
  const auto text = net::read_text(path, error);
  if (!text) return "Fatal error, can't open config file '" + absolute(path) + "': " + std::strerror(-error);
  return config.parse_file(*text, read_included, net::expand_path);
}

std::optional<std::string> configure(Config& config, const Arguments& arguments) {
  if (!arguments.config_file.empty()) {
    if (auto error = apply_file(config, arguments.config_file)) return error;
  }
  if (arguments.config_from_input) {
    if (auto error = apply_file(config, "-")) return error;
  }
  if (auto error = config.parse_command_line(arguments.directives, read_included, net::expand_path))
    return error;
  return check_renames(config);
}

std::string make_run_id(net::OsEntropy& entropy) {
  std::string id;
  while (id.size() < 40) {
    char digits[17];
    snprintf(digits, sizeof(digits), "%016llx", static_cast<unsigned long long>(entropy.draw()));
    id += digits;
  }
  id.resize(40);
  return id;
}

std::string start_text(const Config& config, const std::string& config_file) {
  std::string text = "Sluice " + std::string(core::kVersion) + " starts";
  text += config_file.empty() ? " with its default configuration" : " with " + config_file;
  text += ", in " + config.settings().dir;
  if (!config.settings().appendonly) text += ", without a log: a restart forgets everything (appendonly no)";
  return text;
}

std::string ready_text(const Settings& settings, const std::vector<std::string>& names) {
  std::string text = "Ready to accept connections on";
  for (const std::string& name : names)
    text += (&name == &names.front() ? " " : ", ") + name;
  if (settings.port != 0) return text + ". Try: redis-cli -p " + std::to_string(settings.port);
  return text + ". Try: redis-cli -s " + settings.unixsocket;
}

void fit_clients_to_system(Config& config, net::StdoutNotices& notices) {
  const int64_t wanted = config.settings().maxclients;
  const int64_t clients = net::make_room_for_clients(wanted);
  if (clients == wanted) return;
  const std::string text = std::to_string(clients);
  notices.write(NoticeLevel::kWarning, "The system allows too few open files for maxclients " +
                                           std::to_string(wanted) + "; it is " + text + " now");
  const std::string_view word = text;
  CHECK(!config.set("maxclients", std::span(&word, 1)));
}

std::optional<std::string> take_directory(const std::string& directory) {
  const int error = net::take_directory(directory);
  if (error == 0) return std::nullopt;
  return error == UV_EAGAIN ? "another server uses it" : uv_strerror(error);
}

// What is wrong with the addresses or the log's directory, or nothing.
std::optional<std::string> take_places(const Settings& settings, net::Network& network,
                                       net::StdoutNotices& notices) {
  std::vector<std::string> missing;
  if (auto error = network.listen(missing)) return error;
  for (const std::string& address : missing)
    notices.write(NoticeLevel::kVerbose, "Not listening on " + address);

  if (!settings.appendonly) return std::nullopt;
  if (const auto why = take_directory(settings.appenddirname))
    return "Can't use the log in " + settings.dir + "/" + settings.appenddirname + ": " + *why;
  return std::nullopt;
}

int serve(core::Server& server, net::Network& network, net::StdoutNotices& notices) {
  const Settings& settings = server.config.settings();
  if (auto error = take_places(settings, network, notices)) {
    notices.write(NoticeLevel::kWarning, *error);
    // Also to who looks at the terminal and not into the log file.
    return settings.logfile.empty() ? 1 : fail(*error);
  }
  if (!server.load()) return 1;
  server.start();

  if (!settings.pidfile.empty()) {
    const int error = net::write_text(settings.pidfile, std::to_string(net::process_id()) + "\n");
    if (error < 0)
      notices.write(NoticeLevel::kWarning, "Can't write " + settings.pidfile + ": " + uv_strerror(error));
  }
  notices.write(NoticeLevel::kNotice, ready_text(settings, network.names()));
  const bool supervised = net::supervised_by(settings.supervised) != "no";
  if (supervised) net::notify_manager("STATUS=Ready to accept connections\nREADY=1\n");
  const int exit_code = network.run();
  if (supervised) net::notify_manager("STOPPING=1\n");
  if (!settings.pidfile.empty()) net::remove_file(settings.pidfile);
  notices.write(NoticeLevel::kNotice, "Sluice ends, bye");
  return exit_code;
}

// `network` is set before the server runs.
core::ProcessFacts process_facts(net::Memory& memory, net::OsEntropy& entropy, const std::string& config_file,
                                 std::string_view supervised, const std::vector<std::string>& words,
                                 net::Network* const& network) {
  core::ProcessFacts facts;
  facts.executable = net::executable_path();
  facts.config_file = config_file;
  facts.process_id = net::process_id();
  facts.run_id = make_run_id(entropy);
  facts.memory_used = [&memory] { return memory.used(); };
  facts.memory_resident = net::resident_bytes;
  facts.cpu_time = net::cpu_time;
  facts.multiplexing = "epoll";
  facts.os = net::system_name();
  facts.allocator = net::Memory::name();
  facts.allocator_bytes = [&memory] { return memory.bytes(); };
  facts.system_memory = net::system_memory();
  facts.allocator_report = net::Memory::report;
  facts.purge_memory = net::Memory::purge;
  facts.pause = net::pause;
  facts.end_at_once = net::end_at_once;
  facts.supervised = supervised;
  facts.allocator_value = net::Memory::value;
  facts.start_again = [words] { return std::string(uv_strerror(net::start_again(words))); };
  facts.take_directory = take_directory;
  facts.listen = [&network](const Settings& settings) { return network->listen_again(settings); };
  facts.room_for_clients = net::make_room_for_clients;
  facts.read_config = [config_file] {
    int ignored = 0;
    return net::read_text(config_file, ignored);
  };
  facts.replace_config = [config_file](std::string_view text) -> std::optional<std::string> {
    const int error = net::replace_text(config_file, text);
    return error == 0 ? std::nullopt : std::optional<std::string>(uv_strerror(error));
  };
  return facts;
}

// Everything that has to live as long as the server, in the order in which it needs each other.
int build_and_serve(Config config, const std::string& config_file, const std::vector<std::string>& words) {
  net::WallClock clock;
  net::BootClock steady_clock;
  net::OsEntropy entropy;
  PosixFileSystem files;
  net::StdoutNotices notices(clock);
  notices.set_level(config.settings().loglevel);
  if (!config.settings().logfile.empty()) {
    if (auto error = notices.open(config.settings().logfile)) return fail(*error);
  }
  if (config.settings().syslog_enabled)
    notices.open_syslog(config.settings().syslog_ident, config.settings().syslog_facility);
  notices.write(NoticeLevel::kNotice, start_text(config, config_file));
  for (const std::string& notice : config.take_notices())
    notices.write(NoticeLevel::kWarning, notice);
  fit_clients_to_system(config, notices);

  const std::string_view supervised = net::supervised_by(config.settings().supervised);
  net::Memory memory;
  net::Loop loop;
  net::UvWorker worker(loop);
  net::UvWorker rewrite_worker(loop);
  net::Network* network_place = nullptr;
  core::Server server(std::move(config),
                      {.clock = clock,
                       .steady_clock = steady_clock,
                       .entropy = entropy,
                       .files = files,
                       .worker = worker,
                       .rewrite_worker = rewrite_worker,
                       .notices = notices},
                      process_facts(memory, entropy, config_file, supervised, words, network_place),
                      commands::command_table());
  net::Network network(loop, server, notices);
  network_place = &network;
  server.serve_others = [&network] { network.serve_at_once(); };
  return serve(server, network, notices);
}

// `words`: the whole command line.
int run(const Arguments& arguments, const std::vector<std::string>& words) {
  Config config;
  if (auto error = configure(config, arguments)) return fail(*error);
  const std::string config_file = absolute(arguments.config_file);

  const std::string dir = config.settings().dir;
  const int entered = net::enter_directory(dir);
  if (entered < 0) return fail("Can't work in the directory " + dir + ": " + uv_strerror(entered));
  const std::string here = net::current_directory();
  const std::string_view word = here;
  CHECK(!config.set("dir", std::span(&word, 1)));

  // Whoever supervises the server expects it to stay where it is.
  const bool supervised = net::supervised_by(config.settings().supervised) != "no";
  if (config.settings().daemonize && !supervised && !net::go_to_background())
    return fail("Can't go to the background");
  return build_and_serve(std::move(config), config_file, words);
}

}  // namespace
}  // namespace sluice

int main(int count, char** words) {
  using sluice::core::Arguments;
  const std::vector<std::string_view> views(words + (count > 0 ? 1 : 0), words + count);
  const Arguments arguments = sluice::core::parse_arguments(views);
  if (!arguments.error.empty()) return sluice::fail(arguments.error);
  switch (arguments.action) {
    case Arguments::Action::kRun:
      return sluice::run(arguments, std::vector<std::string>(words, words + count));
    case Arguments::Action::kVersion:
      return sluice::print_version();
    case Arguments::Action::kHelp:
      sluice::print(stdout, sluice::core::usage());
      return 0;
    case Arguments::Action::kConfigReference:
      sluice::print(stdout, sluice::core::config_reference());
      return 0;
    case Arguments::Action::kCheckAof:
      return sluice::check_aof(arguments);
  }
}
