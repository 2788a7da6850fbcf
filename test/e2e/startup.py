"""lbd before it runs: checking files, and refusing to start with one line that says why.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
"""

import json
import pathlib
import re
import socket
import subprocess

from checks import contains, equal, holds
from lab import Director, NatTwoArm, run, service, wait_for
from traffic import answers

TOPOLOGY = NatTwoArm
WEB = service("192.168.22.11:80", ["192.168.11.100:80", "192.168.11.101:80"], name="web")
# lbd's own lines, not those of DPDK, its drivers and libxdp.
ERROR = re.compile(r"^(?:\S+Z )?error: .*", re.MULTILINE)


def file_for_lbd(net, configuration):
    path = net.lab.directory / "startup.json"
    path.write_text(configuration if isinstance(configuration, str) else json.dumps(configuration))
    return path


def check(net, configuration):
    return run([net.lab.programs.lbd, "--check", "--config", file_for_lbd(net, configuration)], check=False)


def refuses(net, configuration, *explanations, status=1):
    """lbd must end by itself, with this exit status and one line of error with all `explanations`."""
    path = file_for_lbd(net, configuration)
    result = net.director.run(net.lab.programs.lbd, "--config", path, check=False, timeout=30)
    equal(result.returncode, status, f"exit status; standard error:\n{result.stderr}\n")
    errors = ERROR.findall(result.stderr)
    equal(len(errors), 1, f"lines with an error in\n{result.stderr}\n")
    for explanation in explanations:
        contains(errors[0], explanation, "the error")


def good_file(net):
    """--check of a good file: exit status 0, no error on stderr"""
    result = check(net, net.configuration([WEB]))
    equal(result.returncode, 0, f"exit status ({result.stderr})")
    equal(ERROR.findall(result.stderr), [], "errors on stderr")


def bad_files(net):
    """--check of bad files: exit status 2, every fault with its JSON pointer, in one go"""
    configuration = net.configuration([dict(WEB, shceduler="rr"), dict(WEB, protocol="sctp", name="other")])
    configuration["interfaces"][0]["addresses"] = ["192.168.22.11/33"]
    configuration["conections"] = {}
    result = check(net, configuration)
    equal(result.returncode, 2, "exit status")
    for pointer in ('/services/0/shceduler: unknown key; did you mean "scheduler"?', "/services/1/protocol: ",
                    "/interfaces/0/addresses/0: ", "/conections: unknown key"):
        contains(result.stderr, pointer, "the errors")
    result = check(net, '{"services": [],\n "interfaces": [}\n')
    equal(result.returncode, 2, "exit status for a syntax error")
    contains(result.stderr, "line 2", "the syntax error")
    result = check(net, '{"services": [], "services": []}')
    equal(result.returncode, 2, "exit status for a duplicate key")
    contains(result.stderr, "/services: ", "the duplicate key")
    unreachable = check(net, net.configuration([service("192.168.22.11:80", ["10.1.2.3:80"])]))
    equal(unreachable.returncode, 2, "exit status for a server that no interface or route reaches")
    contains(unreachable.stderr, "/services/0/servers/0", "the unreachable server")


def patterns_of(schema):
    """Every pattern of a JSON Schema, or a part of it."""
    if isinstance(schema, list):
        return [pattern for part in schema for pattern in patterns_of(part)]
    if not isinstance(schema, dict):
        return []
    own = [schema["pattern"]] if isinstance(schema.get("pattern"), str) else []
    return own + patterns_of(list(schema.values()))


def usage(net):
    """--schema is JSON, --help and --version work, a wrong option and a missing file give status 2"""
    lbd = net.lab.programs.lbd
    schema = json.loads(run([lbd, "--schema"]).stdout)
    holds({"interfaces", "services", "routes", "control"} <= schema["properties"].keys(), f"keys missing: {schema}")
    for pattern in patterns_of(schema):
        re.compile(pattern)  # what one language alone knows is of no use to the others
    contains(run([lbd, "--help"]).stdout, "--config", "--help")
    for option in ("--schema", "--help", "--version"):
        with open("/dev/full", "w") as full:
            told = subprocess.run([lbd, option], stdout=full, stderr=subprocess.PIPE, text=True)
        equal(told.returncode, 1, f"exit status of {option} on a full disk")
        contains(told.stderr, "No space left on device", f"what {option} says of it")
    holds(re.search(r"\d+\.\d+", run([lbd, "--version"]).stdout), "--version prints no version")
    equal(run([lbd, "--nonsense"], check=False).returncode, 2, "exit status for a wrong option")
    equal(run([lbd, "--config", net.lab.directory / "missing.json"], check=False).returncode, 2,
          "exit status for a missing file")


def unknown_device(net):
    """A device that EAL did not bring up: exit status 1 and its name, for a wrong name and for a missing netdev"""
    configuration = net.configuration([WEB])
    configuration["interfaces"] = [dict(configuration["interfaces"][0], device="net_af_xdp7"),
                                   configuration["interfaces"][1]]
    refuses(net, configuration, "net_af_xdp7")
    configuration = net.configuration([WEB])
    configuration["interfaces"][1]["device"] = "0000:77:00.0"
    refuses(net, configuration, 'device "0000:77:00.0" was not brought up by DPDK')
    configuration = net.configuration([WEB])
    configuration["eal"] = [word.replace("iface=wan0", "iface=wan9") for word in configuration["eal"]]
    refuses(net, configuration, "net_af_xdp0")


def too_few_buffers(net):
    """Fewer mbufs than queues and workers take by themselves: what is needed is said"""
    few = net.configuration([WEB], mbufs=1000)
    refuses(net, few, "/mbufs: found 1000, expected at least", status=2)
    checked = check(net, few)
    equal(checked.returncode, 2, "exit status of --check")
    contains(checked.stderr, "/mbufs: found 1000, expected at least", "what --check says")


def what_check_knows_of_dpdk(net):
    """An mtu that net_af_xdp has no buffers for, and no lcore for a worker: --check says so as the start does"""
    large = net.configuration([WEB], interfaces=[{**one, "mtu": 9000} for one in net.interfaces])
    alone = net.configuration([WEB])
    alone["eal"] = ["--no-huge", "-l", "0"]
    for configuration, text in ((large, "/interfaces/0/mtu: found 9000, expected at most 3498"),
                                (alone, "no lcore is left for a worker")):
        refuses(net, configuration, text, status=2)
        checked = check(net, configuration)
        equal(checked.returncode, 2, f"exit status of --check: {text}")
        contains(checked.stderr, text, "what --check says")


def queues_that_nobody_serves(net):
    """A netdev with more receive queues than lbd was given: a warning says how many, and what to do"""
    net.director.ip("link add many0 numrxqueues 2 numtxqueues 2 type veth peer name many1 numrxqueues 2 numtxqueues 2")
    try:
        for device in ("many0", "many1"):
            net.director.ip(f"link set {device} up")
        configuration = net.configuration([])
        lcores = configuration["eal"][:next(i for i, word in enumerate(configuration["eal"]) if "vdev" in word)]
        for queues, warned in ((1, True), (2, False)):
            ports = [f"net_af_xdp{queue}" for queue in range(queues)]
            vdevs = [f"--vdev={port},iface=many0,start_queue={queue}" for queue, port in enumerate(ports)]
            configuration["eal"] = [*lcores, *vdevs]
            configuration["interfaces"] = [{"name": "wan", "device": ports, "addresses": ["10.66.0.1/24"]}]
            with Director(net.director, configuration) as lbd:
                told = "its netdev has 2 receive queues, and lbd serves 1" in lbd.log()
                equal(told, warned, f"whether it warns of {queues} queues served, of 2")
    finally:
        net.director.ip("link del many0")


def transparent_hugepages(net):
    """Without hugepages the tables are in transparent ones, where the kernel has them"""
    def mapped(lbd):
        text = pathlib.Path(f"/proc/{lbd.process.pid}/smaps_rollup").read_text()
        return int(re.search(r"AnonHugePages:\s+(\d+) kB", text)[1])

    enabled = pathlib.Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text()
    with net.lbd([WEB], connections={"capacity": 1 << 20}) as lbd:
        kilobytes = mapped(lbd)
        expected = 0 if "[never]" in enabled else 60_000
        holds(kilobytes >= expected, f"{kilobytes} kB in transparent hugepages, {enabled}")


def more_buffers_than_memory(net):
    """More mbufs than the machine has memory for, which the kernel would promise: both figures are said"""
    refuses(net, net.configuration([WEB], mbufs=(1 << 24) - 1), "lbd needs ", " MB of memory and ", " MB are available",
            "lower connections.capacity or mbufs")


def wrong_option_of_eal(net):
    """An option that DPDK does not know is named, and its hundred lines of help are not printed"""
    configuration = net.configuration([WEB])
    configuration["eal"].append("--no-such-option")
    result = net.director.run(net.lab.programs.lbd, "--config", file_for_lbd(net, configuration), check=False, timeout=30)
    equal((result.returncode, result.stdout), (2, ""), "exit status and standard output")
    contains(result.stderr, "--no-such-option", "standard error")
    holds(len(result.stderr.splitlines()) < 10, f"much is said:\n{result.stderr}")
    configuration["eal"][-1] = "no-option"
    refuses(net, configuration, 'found "no-option", expected options of DPDK\'s', status=2)


def no_lcore_for_a_worker(net):
    """Only one lcore: there is no worker"""
    configuration = net.configuration([WEB])
    devices = [word for word in configuration["eal"] if word.startswith("--vdev")]
    configuration["eal"] = ["-l", "0", "--no-huge", *devices]
    refuses(net, configuration, "no lcore is left for a worker", status=2)
    configuration["eal"] = ["-l", "0,77", "--no-huge", *devices]
    refuses(net, configuration, "error: DPDK did not start", "invalid core list", status=2)


def socket_in_use(net):
    """A second lbd on the socket of a running one is refused; the first goes on"""
    with net.lbd([WEB]) as lbd:
        second = net.configuration([])
        second["eal"] = [*(word for word in second["eal"] if not word.startswith("--vdev")), "--vdev=net_null0"]
        second["interfaces"] = [{"name": "wan", "device": "net_null0", "addresses": ["192.168.22.12/24"]}]
        refuses(net, second, str(lbd.socket))
        equal(answers(net.client, "http://192.168.22.11/", 2), ["rs1", "rs2"], "answers of the first lbd")
        lbd.ctl("show", "info")


def queue_in_use(net):
    """A second lbd on the devices of a running one is refused, without a crash; the first goes on"""
    with net.lbd([WEB]):
        second = net.configuration([WEB], control={"sockets": [{"path": str(net.lab.directory / "second.sock")}]})
        refuses(net, second, "net_af_xdp0")
        equal(answers(net.client, "http://192.168.22.11/", 2), ["rs1", "rs2"], "answers of the first lbd")


def stale_socket(net):
    """A socket file that nobody listens on is replaced; another kind of file is not touched"""
    path = net.lab.directory / "lbd.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    with net.lbd([WEB]) as lbd:
        lbd.ctl("show", "info")
    path.write_text("precious")
    refuses(net, net.configuration([WEB]), str(path))
    equal(path.read_text(), "precious", "the file in the socket's place")
    path.unlink()


def addresses_that_the_kernel_has(net):
    """A VIP that the kernel has on a device is warned of by both names, at the start and when a service comes with one"""
    def warned(address, device):
        return f"warning: the kernel has {address} on {device} and may answer for it" in lbd.log()

    net.director.ip("address add 192.168.22.11/32 dev lo")
    net.director.ip("address add 192.168.22.77/32 dev lo")
    try:
        with net.lbd([WEB]) as lbd:
            holds(warned("192.168.22.11", "lo"), "nothing is said of what the kernel has at the start")
            holds(not warned("192.168.22.77", "lo"), "warned of an address that is none of lbd's")
            lbd.ctl("ipvsadm", "-A", "-t", "192.168.22.77:80")
            wait_for(lambda: warned("192.168.22.77", "lo"), 10, "a warning of the new service's VIP")
            equal(lbd.log().count("the kernel has"), 2, "warnings")
    finally:
        net.director.ip("address del 192.168.22.11/32 dev lo")
        net.director.ip("address del 192.168.22.77/32 dev lo")


CASES = [good_file, bad_files, usage, unknown_device, too_few_buffers, what_check_knows_of_dpdk, queues_that_nobody_serves,
         transparent_hugepages, more_buffers_than_memory, wrong_option_of_eal,
         no_lcore_for_a_worker, socket_in_use, queue_in_use, stale_socket,
         addresses_that_the_kernel_has]
