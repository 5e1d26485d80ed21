internal import CSandlotMachine
internal import Glibc

/// The host's ways into a machine, as the kernel's command line tells them: ports of a virtual console, each for one connection at a time, or
/// sockets between host and machine.
enum HostWays {
    case ports([Int32])
    /// The second one is for the connection that the machine lives no longer than.
    case sockets(listener: Int32, lifeline: Int32)

    /// Opens all of them.
    init() throws(StartFailure) {
        if let text = MachineDevices.kernelWord("sandlot.vsock") {
            guard let port = UInt32(text), port > 0, port < .max - 1 else { throw StartFailure("'\(text)' is no port") }
            self = .sockets(listener: try HostWays.listen(port), lifeline: try HostWays.listen(port + 1))
            return
        }
        // As many as the machine has; each carries one channel at a time.
        guard let ports = MachineDevices.kernelWord("sandlot.ports").flatMap({ Int($0) }), (1...30).contains(ports) else {
            throw StartFailure("the kernel's command line has no sandlot.ports with 1 to 30")
        }
        var descriptors: [Int32] = []
        for number in 0..<ports { descriptors.append(try MachineDevices.port("sandlot.\(number)")) }
        self = .ports(descriptors)
    }

    private static func listen(_ port: UInt32) throws(StartFailure) -> Int32 {
        let socket = sandlot_machine_listen(port)
        guard socket >= 0 else { throw StartFailure("cannot listen for the host", errno: errno) }
        return socket
    }

    /// Over which the machine is told what it becomes.
    func first() throws(StartFailure) -> MachinePort {
        switch self {
        case .ports(let descriptors): try MachinePort(port: descriptors[0])
        case .sockets(let listener, _): MachinePort(listener: listener)
        }
    }

    /// How the guest is told of them.
    func listening(_ birth: MachineBirth, door: String) -> [String] {
        switch self {
        case .ports: ["--listen-in", door]
        case .sockets(let listener, let lifeline):
            ["--listen-fd", "\(listener)"] + (birth.hasLifeline ? ["--lifeline-fd", "\(lifeline)"] : [])
        }
    }

    /// Starts a process that connects ports with the guest's socket; -1 where sockets need none.
    func relay(to path: String) throws(StartFailure) -> pid_t {
        guard case .ports(let descriptors) = self else { return -1 }
        let relay = sandlot_machine_fork()
        guard relay >= 0 else { throw StartFailure("cannot fork", errno: errno) }
        if relay == 0 {
            sandlot_machine_relay_ports(descriptors, descriptors.count, path)
            exit(1)
        }
        for descriptor in descriptors { close(descriptor) }
        return relay
    }
}
