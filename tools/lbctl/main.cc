// lbctl: sends a command line to lbd and prints the reply. Exit status 0; 1 or the status that an
// error names; 2 when no daemon answers or when lbctl was called wrongly.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <string>

#include "tools/lbctl/arguments.h"
#include "tools/lbctl/exchange.h"
#include "tools/lbctl/reply.h"

namespace {

constexpr int kNoDaemon = 2;

constexpr std::string_view kUsage = R"(usage: lbctl [--socket PATH] [--timeout SECONDS] WORDS...
       ipvsadm [WORDS...]

Sends WORDS as one command line to lbd and prints the reply; "lbctl help" lists the commands.
Options end at the first word. A last word "-", or "- json", and "ipvsadm -R" or "--restore", send standard
input as the command's document. White space in a word goes out as blanks; a word may not be empty.

  --socket PATH      lbd's control socket; else LBD_SOCKET in the environment, else /run/lbd/lbd.sock
  --timeout SECONDS  how long to wait for a word of lbd; 30 by default, 0: for ever
  --help             this text
  --version          the version of lbctl

Exit status: 0; 1 or the status that an error of lbd names; 2 when no lbd answers in time or lbctl
was called wrongly.
)";

// Standard output with the error of the first write that failed. A full disk must not look like
// success; a reader that went away (`lbctl … | head`) ends lbctl with SIGPIPE as usual.
class Output {
 public:
  void write(std::string_view bytes) {
    while (!bytes.empty() && error_ == 0) {
      const ssize_t n = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
      if (n >= 0) {
        bytes.remove_prefix(static_cast<size_t>(n));
      } else if (errno != EINTR) {
        error_ = errno;
      }
    }
  }

  // Some file systems tell only at close that there was no room.
  int close() {
    if (error_ == 0 && ::close(STDOUT_FILENO) != 0) error_ = errno;
    return error_;
  }

 private:
  int error_ = 0;
};

// A descriptor of 0 to 2 that was closed would be the socket's, and lbd's answers would be taken
// for standard input, or printed into it.
void open_standard_descriptors() {
  int opened;
  do {
    opened = open("/dev/null", O_RDWR);
  } while (opened >= 0 && opened <= STDERR_FILENO);
  if (opened >= 0) close(opened);
}

int close_output(Output& output) {
  const int error = output.close();
  if (error == 0) return 0;
  std::cerr << "lbctl: cannot write to standard output: " << std::strerror(error) << '\n';
  return 1;
}

int run(const lbctl::Invocation& invocation, std::string_view program, Output& output) {
  const auto fd = lbctl::connect_to(invocation.socket, invocation.timeout);
  if (!fd) {
    std::cerr << program << ": " << fd.error() << '\n';
    return kNoDaemon;
  }
  lbctl::Reply reply([&](std::string_view bytes) { output.write(bytes); });
  auto answered =
      lbctl::exchange(*fd, invocation.line, invocation.document ? STDIN_FILENO : -1,
                      invocation.timeout, [&](std::string_view bytes) { reply.consume(bytes); });
  close(*fd);
  // Before a document lbd leaves nothing unread that would tell of its end, see control's
  // SocketSession.
  const bool silent = answered && !*answered;
  if (invocation.document && silent && !lbctl::is_alive(invocation.socket)) {
    answered = std::unexpected(std::string(lbctl::kHungUp));
  }
  if (!answered) {
    std::cerr << program << ": " << answered.error() << '\n';
    return kNoDaemon;
  }
  if (const auto error = reply.finish()) {
    // Scripts compare ipvsadm's messages, which come without the program's name.
    if (!invocation.ipvsadm) std::cerr << program << ": ";
    std::cerr << error->text << '\n';
    return error->status;
  }
  return close_output(output);
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_descriptors();
  const auto invocation =
      lbctl::parse_arguments(std::span(argv, static_cast<size_t>(argc)), std::getenv("LBD_SOCKET"));
  if (!invocation) {
    std::cerr << "lbctl: " << invocation.error() << '\n';
    return kNoDaemon;
  }
  Output output;
  switch (invocation->action) {
    case lbctl::Invocation::Action::kHelp:
      output.write(kUsage);
      return close_output(output);
    case lbctl::Invocation::Action::kVersion:
      output.write("lbctl " LBD_VERSION "\n");
      return close_output(output);
    case lbctl::Invocation::Action::kCommand:
      return run(*invocation, invocation->ipvsadm ? "ipvsadm" : "lbctl", output);
  }
}
