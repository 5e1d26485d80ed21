// Ways out by sockets.
#if defined(__linux__)
#define _GNU_SOURCE
#include "attempt.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/// Milliseconds that an answer is awaited.
enum { WAIT = 1500 };

struct place {
    struct sockaddr_storage address;
    socklen_t size;
};

static bool place(struct place *to, const char *address, int port) {
    memset(to, 0, sizeof *to);
    struct sockaddr_in *four = (struct sockaddr_in *)&to->address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&to->address;
    if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        to->size = sizeof *four;
        return true;
    }
    if (inet_pton(AF_INET6, address, &six->sin6_addr) != 1) return false;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((uint16_t)port);
    to->size = sizeof *six;
    return true;
}

/// Connects to each place at once; adds those that accept, and remembers whether one stayed silent. A refusal by a host that is not this
/// sandbox itself is an answer too: something came through.
static void reach(struct answer *found, const char *const *addresses, size_t count, int port, bool isElsewhere) {
    struct pollfd sockets[8];
    bool silent = false;
    if (count > 8) count = 8;
    for (size_t index = 0; index < count; index++) {
        struct place to;
        sockets[index] = (struct pollfd){.fd = -1, .events = POLLOUT};
        if (!place(&to, addresses[index], port)) continue;
        int descriptor = socket(to.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (descriptor < 0) continue;
        if (connect(descriptor, (struct sockaddr *)&to.address, to.size) == 0) {
            probe_add(found, "%s port %d accepted", addresses[index], port);
            close(descriptor);
        } else if (errno == EINPROGRESS) {
            sockets[index].fd = descriptor;
        } else {
            close(descriptor);
        }
    }
    for (size_t index = 0; index < count; index++) {
        if (sockets[index].fd < 0) continue;
        int error = 0;
        socklen_t size = sizeof error;
        if (poll(&sockets[index], 1, WAIT) == 0) {
            silent = true;
        } else if (getsockopt(sockets[index].fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0) {
            if (error == 0) probe_add(found, "%s port %d accepted", addresses[index], port);
            else if (error == ECONNREFUSED && isElsewhere) probe_add(found, "%s refused the connection itself", addresses[index]);
        }
        close(sockets[index].fd);
    }
    if (found->result == OPEN) return;
    if (silent) answer(found, UNANSWERED, "sent, and nobody answered");
    else answer(found, BLOCKED, "no connection leaves");
}

static int port_of(const char *name) {
    const char *text = probe_argument(name);
    return text ? atoi(text) : 0;
}

static void metadata(struct answer *found) {
    static const char *const addresses[] = {"169.254.169.254", "169.254.170.2", "fd00:ec2::254", "100.100.100.200"};
    reach(found, addresses, 4, 80, true);
}

static void private_ranges(struct answer *found) {
    static const char *const addresses[] = {"10.0.0.1", "172.16.0.1", "172.17.0.1", "192.168.0.1", "192.168.1.1", "100.64.0.1"};
    reach(found, addresses, 6, 80, true);
}

static void internet(struct answer *found) {
    static const char *const addresses[] = {"1.1.1.1", "8.8.8.8"};
    reach(found, addresses, 2, 443, true);
}

static void internet_six(struct answer *found) {
    static const char *const addresses[] = {"2606:4700:4700::1111", "2001:4860:4860::8888"};
    reach(found, addresses, 2, 443, true);
}

static void host_loopback(struct answer *found) {
    static const char *const addresses[] = {"127.0.0.1", "::1"};
    int port = port_of("host-loopback-port");
    if (port <= 0) answer(found, UNKNOWN, "the host listens nowhere");
    else reach(found, addresses, 2, port, false);
}

static void host_address(struct answer *found) {
    const char *address = probe_argument("host-address");
    int port = port_of("host-address-port");
    if (!address || port <= 0) answer(found, UNKNOWN, "the host has no address but its loopback");
    else reach(found, &address, 1, port, true);
}

/// The address of the machine that packets go through; false when there is none.
static bool gateway(char *text, size_t size) {
    char table[8192];
    if (probe_read("/proc/net/route", table, sizeof table) < 0) return false;
    for (char *line = strchr(table, '\n'); line; line = strchr(line, '\n')) {
        unsigned destination, through;
        char name[32];
        line++;
        if (sscanf(line, "%31s %x %x", name, &destination, &through) == 3 && destination == 0 && through != 0) {
            struct in_addr address = {through};
            return inet_ntop(AF_INET, &address, text, (socklen_t)size) != NULL;
        }
    }
    return false;
}

/// The way of CVE-2020-8558: the host's loopback by its address on the sandbox's network, where it should not listen.
static void routed_loopback(struct answer *found) {
    char address[64];
    const char *list[] = {address};
    int port = port_of("host-loopback-port");
    if (!gateway(address, sizeof address)) answer(found, BLOCKED, "there is no route");
    else if (port <= 0) answer(found, UNKNOWN, "the host listens nowhere");
    else reach(found, list, 1, port, false);
}

static void names(struct answer *found) {
    static const unsigned char question[] = {
        0x5a, 0x1d, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'c', 'o', 'm', 0, 0, 1, 0, 1,
    };
    char text[4096], server[64] = "1.1.1.1";
    if (probe_read("/etc/resolv.conf", text, sizeof text) > 0) {
        const char *line = strstr(text, "nameserver ");
        if (line) sscanf(line + 11, "%63s", server);
    }
    const char *servers[] = {server, "1.1.1.1"};
    for (size_t index = 0; index < 2; index++) {
        struct place to;
        if (!place(&to, servers[index], 53)) continue;
        int descriptor = socket(to.address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (descriptor < 0) continue;
        struct pollfd ready = {.fd = descriptor, .events = POLLIN};
        unsigned char reply[512];
        if (sendto(descriptor, question, sizeof question, 0, (struct sockaddr *)&to.address, to.size) > 0) {
            if (poll(&ready, 1, WAIT) > 0 && recv(descriptor, reply, sizeof reply, 0) > 0) probe_add(found, "%s answered", servers[index]);
            // To a loopback of its own everybody can send.
            else if (strncmp(servers[index], "127.", 4) && found->result != OPEN) answer(found, UNANSWERED, "asked %s, which did not answer", servers[index]);
        }
        close(descriptor);
        if (found->result == OPEN) return;
    }
    if (found->result == BLOCKED) answer(found, BLOCKED, "no question leaves");
}

static void interfaces(struct answer *found) {
    // What kernels put into every namespace and what cannot carry anything until somebody who may sets it up.
    static const char *const stubs[] = {
        "lo", "tunl0", "sit0", "ip6tnl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "ip6gre0", "dummy0", "bond0", "teql0",
    };
    char text[8192];
    if (probe_read("/proc/net/dev", text, sizeof text) < 0) {
        answer(found, UNKNOWN, "there is no /proc/net/dev");
        return;
    }
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *colon = strchr(line, ':');
        if (!colon) continue;
        *colon = 0;
        line += strspn(line, " ");
        bool isStub = false;
        for (size_t index = 0; index < sizeof stubs / sizeof *stubs; index++) isStub = isStub || !strcmp(stubs[index], line);
        if (!isStub) probe_add(found, "%s", line);
    }
    probe_conclude(found, "none but its own loopback");
}

static void packet_sockets(struct answer *found) {
    probe_add_call(found, "AF_PACKET", socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    if (raw >= 0) probe_add(found, "raw IPv4");
    raw = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
    if (raw >= 0) probe_add(found, "raw IPv6");
    probe_conclude(found, "neither packet nor raw sockets can be made");
}

static void rare_sockets(struct answer *found) {
    static const struct {
        const char *name;
        int family;
    } families[] = {
        {"AF_ALG", 38}, {"AF_VSOCK", 40}, {"AF_XDP", 44}, {"AF_BLUETOOTH", 31}, {"AF_CAN", 29}, {"AF_KEY", 15}, {"AF_RDS", 21}, {"AF_TIPC", 30},
        {"AF_NFC", 39}, {"AF_RXRPC", 33}, {"AF_SMC", 43}, {"AF_X25", 9}, {"AF_AX25", 3}, {"AF_PPPOX", 24},
    };
    for (size_t index = 0; index < sizeof families / sizeof *families; index++) {
        int descriptor = -1;
        const int kinds[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW};
        for (size_t kind = 0; kind < 4 && descriptor < 0; kind++) descriptor = socket(families[index].family, kinds[kind] | SOCK_CLOEXEC, 0);
        if (descriptor < 0) continue;
        probe_add(found, "%s", families[index].name);
        close(descriptor);
    }
    probe_conclude(found, "only unix, netlink and internet sockets can be made");
}

static void echo(struct answer *found) {
    static const unsigned char request[8] = {8, 0, 0xf7, 0xff, 0, 0, 0, 0};
    struct place to;
    place(&to, "1.1.1.1", 0);
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
    if (descriptor < 0 || sendto(descriptor, request, sizeof request, 0, (struct sockaddr *)&to.address, to.size) < 0) {
        answer(found, BLOCKED, "%s", strerror(errno));
        return;
    }
    struct pollfd ready = {.fd = descriptor, .events = POLLIN};
    if (poll(&ready, 1, WAIT) > 0) answer(found, OPEN, "1.1.1.1 answered");
    else answer(found, UNANSWERED, "sent, and nobody answered");
}

const struct attempt sandlot_network_attempts[] = {
    {"escape.packet-socket", packet_sockets},
    {"escape.routed-loopback", routed_loopback},
    {"network.rare-sockets", rare_sockets},
    {"network.interfaces", interfaces},
    {"network.metadata", metadata},
    {"network.host-loopback", host_loopback},
    {"network.host-address", host_address},
    {"network.private-ranges", private_ranges},
    {"network.internet", internet},
    {"network.internet-six", internet_six},
    {"network.names", names},
    {"network.echo", echo},
    {NULL, NULL},
};
#endif
