#include "test/vectors/director.h"

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "conf/load.h"
#include "control/vocabulary.h"
#include "test/vectors/recording.h"

namespace vectors_test {
namespace {

using Json = nlohmann::json;

// "-A -t VIP:PORT -s rr" as its words: option to value, options without one to "".
std::map<std::string, std::string> read_command(const std::string& command) {
  std::map<std::string, std::string> words;
  std::istringstream stream(command);
  std::string last;
  for (std::string word; stream >> word;) {
    if (word.starts_with('-')) {
      words[last = word];
    } else {
      words[last] = word;
    }
  }
  return words;
}

void add_service(Json& services, std::map<std::string, std::string>& words) {
  const bool tcp = words.contains("-t");
  services.push_back({{"protocol", tcp ? "tcp" : "udp"},
                      {"address", words[tcp ? "-t" : "-u"]},
                      {"scheduler", words["-s"]},
                      {"persistence_timeout", words.contains("-p") ? std::stoi(words["-p"]) : 0},
                      {"servers", Json::array()}});
}

void add_server(Json& services, std::map<std::string, std::string>& words) {
  const bool tcp = words.contains("-t");
  for (Json& service : services) {
    if (service["protocol"] != (tcp ? "tcp" : "udp")) continue;
    if (service["address"] != words[tcp ? "-t" : "-u"]) continue;
    Json server{{"address", words["-r"]},
                {"forward", words.contains("-m")   ? "nat"
                            : words.contains("-i") ? "tunnel"
                                                   : "dr"},
                {"weight", words.contains("-w") ? std::stoi(words["-w"]) : 1},
                {"upper_threshold", words.contains("-x") ? std::stoi(words["-x"]) : 0}};
    // LVS tries equals in the reverse order of adding, lbd in the order of the file.
    service["servers"].insert(service["servers"].begin(), std::move(server));
  }
}

Json peer(const char* address, Side side) {
  return {{"address", address}, {"mac", kPeerMac[side]}};
}

}  // namespace

replay::RunSetup director_of(const std::vector<std::string>& commands, const Case& recorded) {
  Json services = Json::array();
  Json servers = Json::array();
  for (const std::string& command : commands) {
    auto words = read_command(command);
    if (words.contains("-A")) {
      add_service(services, words);
    } else if (words.contains("-a")) {
      add_server(services, words);
      const std::string address = words["-r"].substr(0, words["-r"].find(':'));
      const Json known = peer(address.c_str(), kServerSide);
      const bool repeated = std::find(servers.begin(), servers.end(), known) != servers.end();
      if (address != "10.2.0.99" && !repeated) servers.push_back(known);
    } else {
      throw std::runtime_error("unknown command: " + command);
    }
  }
  for (Json& service : services) {
    if (recorded.sloppy_tcp()) service["sloppy_tcp"] = true;
  }
  const Json file{
      {"interfaces",
       {{{"name", "client"},
         {"device", "client"},
         {"addresses", {"10.1.0.1/24"}},
         {"neighbours", {peer("10.1.0.240", kClientSide), peer("10.1.0.241", kClientSide)}}},
        {{"name", "rs"},
         {"device", "rs"},
         {"addresses", {"10.2.0.1/16"}},
         {"mtu", recorded.server_side_mtu},
         {"neighbours", servers}}}},
      {"services", services},
      {"connections", {{"capacity", 1024}}}};
  auto config = conf::load(file.dump(), control::vocabulary());
  if (!config) throw std::runtime_error(config.error().front().to_string());
  return {std::move(*config),
          {*lb::MacAddress::parse(kDirectorMac[kClientSide]),
           *lb::MacAddress::parse(kDirectorMac[kServerSide])},
          false};
}

}  // namespace vectors_test
