// What -h and -v print.
#pragma once

#include <string_view>

namespace control::ipvsadm {

// Scripts look for the version in this line, so it names the ipvsadm that is followed.
inline constexpr std::string_view kVersionLine =
    "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n";

inline constexpr std::string_view kHelp =
    R"(Usage:
  ipvsadm -A|E virtual-service [-s scheduler] [-p [timeout]] [-M netmask] [-o] [-b sched-flags]
  ipvsadm -D virtual-service
  ipvsadm -C
  ipvsadm -a|e virtual-service -r server-address [-g|-i|-m] [-w weight] [-x upper] [-y lower]
  ipvsadm -d virtual-service -r server-address
  ipvsadm -R
  ipvsadm -S [-n]
  ipvsadm -L|l [virtual-service] [options of output]
  ipvsadm -Z [virtual-service]
  ipvsadm --set tcp tcpfin udp
  ipvsadm -h
  ipvsadm -v

Commands, short or long:
  -A   --add-service           add a virtual service
  -E   --edit-service          give a virtual service these options and no others
  -D   --delete-service        delete a virtual service; its connections go on to their end
  -C   --clear                 delete all virtual services
  -a   --add-server            add a real server to a virtual service
  -e   --edit-server           give a real server these options and no others
  -d   --delete-server         delete a real server; its connections go on to their end
  -R   --restore               execute the commands on standard input, all of them or none
  -S   --save                  print the commands that make this table
  -L|l --list                  print the table
  -Z   --zero                  make the counters of one or all services begin at zero
       --set tcp tcpfin udp    set timeouts, in seconds; 0 leaves one as it is
  -h   --help                  print this text
  -v   --version               print the version of ipvsadm that lbd follows

A virtual service is one of:
  -t   --tcp-service IP:port   the port may be a name of /etc/services; port 0 or none is every
  -u   --udp-service IP:port   port, for persistent services

Options of virtual services:
  -s   --scheduler NAME        wlc unless given; lbd --schema describes them all
  -p   --persistent [seconds]  clients keep their server; 360 seconds unless given
  -M   --netmask MASK          clients alike under MASK count as one; 255.255.255.255 unless given
  -o   --ops                   UDP: every datagram is scheduled by itself
  -b   --sched-flags FLAGS     sh-port, sh-fallback, mh-port, mh-fallback or flag-1 (fallback),
                               flag-2 (port), separated by commas

Options of real servers:
  -r   --real-server IP[:port] the service's port unless given, and always with -g and -i
  -g   --gatewaying            direct routing: the default
  -i   --ipip                  tunnel
       --tun-type ipip         the kind of tunnel: ipip is what there is
  -m   --masquerading          NAT
  -w   --weight WEIGHT         0 to 65535; 1 unless given; 0: no new connections
  -x   --u-threshold NUMBER    connections at which the server takes no more; 0: no limit
  -y   --l-threshold NUMBER    and below which it does again; 0: three quarters of that

Options of output:
  -c   --connection            connections
       --timeout               timeouts (tcp tcpfin udp)
       --daemon                the sync daemon: lbd has none, and prints nothing
       --stats                 counters
       --rate                  counters per second
  -X   --exact                 all digits of counters
       --thresholds            thresholds
       --persistent-conn       persistent clients
       --tun-info              kinds of tunnels
       --nosort                services and servers in lbd's order
       --sort                  the default
  -n   --numeric               numbers of ports (addresses always are numbers)

Refused until lbd has them: -f --fwmark-service, --sctp-service, -6 --ipv6, --pe, other types of
tunnels (--tun-port, --tun-csum, --tun-nocsum, --tun-remcsum), --start-daemon, --stop-daemon.
)";

}  // namespace control::ipvsadm
